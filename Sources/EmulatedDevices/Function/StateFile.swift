import ByteIO
import Devices

/// The data file of a driver that holds all of a device's state at once: bytes, written or to be read, and how far they were read.
struct StateFile {
  private(set) var bytes: [UInt8] = []
  private(set) var position = 0

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append(_ more: [UInt8]) { bytes += more }

  /// Takes a write whole; `error`, and none of it, where the state would have more than `limit` bytes.
  mutating func append(
    _ more: RawSpan, upTo limit: Int, orThrow error: ErrorNumber
  ) throws(ErrorNumber) -> Int {
    guard more.byteCount <= limit - bytes.count else { throw error }
    bytes += [UInt8](more)
    return more.byteCount
  }

  var left: Int { bytes.count - position }

  /// Reads what fits of what is left, to `offset` of `span` on.
  mutating func read(into span: inout MutableRawSpan, at offset: Int = 0) -> Int {
    let count = min(span.byteCount - offset, left)
    span.copy(bytes.span.raw.extracting(position..<position + count), at: offset)
    position += count
    return count
  }
}
