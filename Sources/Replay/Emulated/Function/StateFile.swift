import ByteIO

/// The data file of a driver that holds all of a device's state at once: bytes, and how far they were read.
struct StateFile {
  private(set) var bytes: [UInt8] = []
  private(set) var position = 0

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append(_ more: [UInt8]) { bytes += more }

  var left: Int { bytes.count - position }

  /// Reads what fits of what is left, to `offset` of `span` on.
  mutating func read(into span: inout MutableRawSpan, at offset: Int = 0) -> Int {
    let count = min(span.byteCount - offset, left)
    span.copy(bytes.span.raw.extracting(position..<position + count), at: offset)
    position += count
    return count
  }
}
