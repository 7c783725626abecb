import ByteIO
import Devices

/// The data file of a driver that holds all of a device's state at once: its bytes, and how far
/// they were read.
struct StateFile {
  private(set) var bytes: [UInt8] = []
  private(set) var position = 0

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append(_ more: [UInt8]) { bytes += more }

  /// Takes a write whole; throws `error` and takes none of it if the state would have more than
  /// `limit` bytes.
  mutating func append(
    _ more: RawSpan, upTo limit: Int, orThrow error: LinuxErrno
  ) throws(LinuxErrno) -> Int {
    guard more.byteCount <= limit - bytes.count else { throw error }
    bytes += [UInt8](more)
    return more.byteCount
  }

  var left: Int { bytes.count - position }

  /// Reads as much of the rest as fits, to `offset` of `span` on.
  mutating func read(into span: inout MutableRawSpan, at offset: Int = 0) -> Int {
    let count = min(span.byteCount - offset, left)
    span.copy(bytes.span.raw.extracting(position..<position + count), at: offset)
    position += count
    return count
  }
}

extension MutableRawSpan {
  /// Copies `bytes` to `offset`; all of them must fit.
  mutating func copy(_ bytes: RawSpan, at offset: Int = 0) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "the bytes must fit")
    // SAFETY: the range was checked, and both pointers are used inside the closures only.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
  }
}
