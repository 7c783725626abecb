import ByteIO
import QEMUStream

/// A whole stream as it was read.
struct ReadStream {
  var catalog: QEMUStreamCatalog
  var events: [QEMUStreamEvent] = []

  /// Reads `bytes` as a file, by the description at its end, or as a pipe that gives `step` bytes
  /// at a time.
  init(_ bytes: [UInt8], pipeStep step: Int? = nil) {
    var reader = QEMUStreamReader(
      MemoryInput<Never>(bytes, pieceByteCount: step ?? .max),
      description: step == nil ? VMDescription(inTail: bytes.span.raw) : nil)
    var events: [QEMUStreamEvent] = []
    catalog = QEMUStreamCatalog(
      reading: &reader, framingOf: { _, _ in true }, observing: { events.append($0) })
    self.events = events
  }
}
