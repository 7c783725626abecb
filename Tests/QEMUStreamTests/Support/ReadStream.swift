import ByteIO
import QEMUStream

/// A whole stream as it was read.
struct ReadStream {
  var catalog: QEMUStreamCatalog
  var events: [QEMUStreamEvent] = []

  /// Reads `bytes` as a file, whose end is asked for its description, or as a pipe that gives `step` bytes at a time.
  init(_ bytes: [UInt8], pipeStep step: Int? = nil) {
    var description: VMDescription?
    if step == nil, let start = VMDescription.find(inTail: bytes.span.raw) {
      description = try? VMDescription(
        parsing: bytes.span.raw.extracting(droppingFirst: start + 5), at: UInt64(start + 5))
    }
    var reader = QEMUStreamReader(
      MemoryInput<Never>(bytes, pieceByteCount: step ?? .max), description: description)
    var events: [QEMUStreamEvent] = []
    catalog = QEMUStreamCatalog(reading: &reader) { events.append($0) }
    self.events = events
  }
}
