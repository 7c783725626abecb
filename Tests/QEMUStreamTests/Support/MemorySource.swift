import ByteIO
import QEMUStream

/// Bytes in memory, given out in pieces of a size that `step` says.
struct MemorySource: ByteSource {
  private let bytes: [UInt8]
  private var position = 0
  private let step: Int

  init(_ bytes: [UInt8], step: Int = .max) {
    self.bytes = bytes
    self.step = step
  }

  mutating func read(into span: inout MutableRawSpan) -> Int {
    let count = min(span.byteCount, bytes.count - position, step)
    for index in 0..<count {
      span.storeBytes(of: bytes[position + index], toByteOffset: index, as: UInt8.self)
    }
    position += count
    return count
  }

  mutating func skip(_ count: UInt64) -> UInt64 {
    // A pipe cannot, and neither does this where it plays one.
    guard step == .max else { return 0 }
    let skipped = Int(min(count, UInt64(bytes.count - position)))
    position += skipped
    return UInt64(skipped)
  }
}

/// A whole stream as it was read.
struct ReadStream {
  var catalog: QEMUStreamCatalog
  var events: [QEMUStreamEvent] = []

  /// Reads `bytes` as a file, whose end is asked for its description, or as a pipe that gives `step` bytes at a time.
  init(_ bytes: [UInt8], pipeStep step: Int? = nil) throws {
    var description: VMDescription?
    if step == nil, let start = VMDescription.find(inTail: bytes.span.raw) {
      description = try? VMDescription(
        parsing: bytes.span.raw.extracting(droppingFirst: start + 5), at: UInt64(start + 5))
    }
    var reader = QEMUStreamReader(
      MemorySource(bytes, step: step ?? .max), description: description)
    var events: [QEMUStreamEvent] = []
    catalog = try QEMUStreamCatalog(reading: &reader) { events.append($0) }
    self.events = events
  }
}
