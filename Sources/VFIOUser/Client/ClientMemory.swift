private import ByteIO
import Devices
private import Glibc

/// The memory of a client that a server may ask for, by the device's addresses.
final class ClientMemory {
  private struct Mapping {
    let range: AddressRange
    let address: UInt
    let access: DMAAccess
  }

  private var mappings: [Mapping] = []

  /// Lends memory of this process, which must stay until it is taken back.
  func map(_ range: AddressRange, to address: UInt, for access: DMAAccess) {
    mappings.append(Mapping(range: range, address: address, access: access))
  }

  /// Takes back what lies at `range`.
  func unmap(_ range: AddressRange) { mappings.removeAll { $0.range == range } }

  /// What a command of the server gets: ENODEV for what is not mapped, E2BIG for more than was
  /// agreed on, EACCES against the access that was given.
  func answer(_ request: Request, limit: Int) throws(LinuxErrno) -> Reply {
    switch request {
    case .readDMA(let range):
      let address = try place(of: range, .read, limit)
      // SAFETY: the bytes lie within memory that whoever mapped it keeps until it is unmapped.
      let bytes = unsafe UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: address), count: Int(range.byteCount))
      return .memory(address: range.start, unsafe [UInt8](bytes))
    case .writeDMA(let start, let data):
      let range = AddressRange(start: start, byteCount: UInt64(data.count))
      let address = try place(of: range, .write, limit)
      // SAFETY: as above, and it was mapped to be written.
      unsafe UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: address), count: data.count
      ).copyBytes(from: data)
      return .memoryWritten(range)
    default: throw LinuxErrno(rawValue: ENOSYS)
    }
  }

  private func place(
    of range: AddressRange, _ access: DMAAccess, _ limit: Int
  ) throws(LinuxErrno) -> UInt {
    guard range.byteCount <= UInt64(limit) else { throw LinuxErrno(rawValue: E2BIG) }
    guard
      let mapping = mappings.first(where: {
        $0.range.start <= range.start
          && range.start - $0.range.start <= $0.range.byteCount
          && range.byteCount <= $0.range.byteCount - (range.start - $0.range.start)
      })
    else { throw .noDevice }
    guard mapping.access.isSuperset(of: access) else { throw .accessDenied }
    return mapping.address + UInt(range.start - mapping.range.start)
  }
}
