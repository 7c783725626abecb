import Devices
private import Glibc

/// Part of a file, mapped into this process as long as this object.
///
/// An object, for a range of guest memory and a kernel's device may both hold on to one.
final class MappedFile {
  let address: UInt
  let byteCount: Int

  /// Maps `byteCount` bytes from `offset` on; both are multiples of a page.
  init(
    _ descriptor: Int32, at offset: UInt64, byteCount: Int, isWritable: Bool
  ) throws(LinuxErrno) {
    self.byteCount = byteCount
    // SAFETY: the kernel chooses the address, so nothing of ours is replaced.
    let pointer = unsafe mmap(
      nil, byteCount, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor,
      off_t(clamping: offset))
    guard let pointer = unsafe pointer, unsafe pointer != MAP_FAILED else {
      throw LinuxErrno(rawValue: errno)
    }
    address = UInt(bitPattern: pointer)
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
  }

  /// The bytes of a range within the mapping.
  func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "it lies within")
    return unsafe UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: address + UInt(range.lowerBound)),
      count: range.count)
  }
}
