import Devices
private import Glibc
private import Synchronization

/// Part of a file, mapped into this process as long as this object.
///
/// An object, for a range of guest memory and a kernel's device may both hold on to one.
final class MappedFile {
  // Of all devices of this process, which share its address space and the kernel's limit of
  // mappings (vm.max_map_count, 65,530).
  private static let countLimit = 32_768
  private static let byteLimit = 64 << 40
  private static let count = Atomic<Int>(0)
  private static let totalByteCount = Atomic<Int>(0)

  let address: UInt
  let byteCount: Int

  /// Maps `byteCount` bytes from `offset` on; both are multiples of a page. ENOMEM if it is too
  /// much for this process.
  init(
    _ descriptor: Int32, at offset: UInt64, byteCount: Int, isWritable: Bool
  ) throws(LinuxErrno) {
    self.byteCount = byteCount
    guard byteCount <= Self.byteLimit else { throw .outOfMemory }
    let (_, number) = Self.count.add(1, ordering: .relaxed)
    let (_, total) = Self.totalByteCount.add(byteCount, ordering: .relaxed)
    guard number <= Self.countLimit, total <= Self.byteLimit else {
      Self.forget(byteCount)
      throw .outOfMemory
    }
    // SAFETY: the kernel chooses the address, so nothing of ours is replaced.
    let pointer = unsafe mmap(
      nil, byteCount, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor,
      off_t(clamping: offset))
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      let number = errno
      Self.forget(byteCount)
      throw LinuxErrno(rawValue: number)
    }
    address = UInt(bitPattern: pointer)
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
    Self.forget(byteCount)
  }

  private static func forget(_ byteCount: Int) {
    count.subtract(1, ordering: .relaxed)
    totalByteCount.subtract(byteCount, ordering: .relaxed)
  }

  /// The bytes of a range within the mapping.
  func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "it lies within")
    return unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: address + UInt(range.lowerBound)),
      count: range.count)
  }
}
