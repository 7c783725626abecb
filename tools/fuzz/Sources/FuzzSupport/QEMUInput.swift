public import ByteIO
public import QEMUStream

/// An input that was read as the main channel of a QEMU stream.
public struct QEMUInput {
  public let bytes: [UInt8]
  public var catalog: QEMUStreamCatalog
  public private(set) var events: [QEMUStreamEvent] = []
  private let description: VMDescription?

  /// Reads `bytes` as a file, by the description at its end.
  public init(_ bytes: [UInt8]) {
    var description: VMDescription?
    if let start = VMDescription.find(inTail: bytes.span.raw) {
      description = try? VMDescription(
        parsing: bytes.span.raw.extracting(droppingFirst: start + 5), at: UInt64(start + 5))
    }
    self.init(bytes, step: .max, description)
  }

  /// Reads `bytes` as a pipe that gives at most `step` of them at a time.
  public init(pipe bytes: [UInt8], step: Int = .max) { self.init(bytes, step: step, nil) }

  private init(_ bytes: [UInt8], step: Int, _ description: VMDescription?) {
    self.bytes = bytes
    self.description = description
    var reader = QEMUStreamReader(
      MemoryInput<Never>(bytes, pieceByteCount: step), description: description)
    var events: [QEMUStreamEvent] = []
    catalog = QEMUStreamCatalog(reading: &reader, observing: { events.append($0) })
    self.events = events
  }

  /// A reader of the main channel from its start.
  public func reader() -> QEMUStreamReader<MemoryInput<Never>> {
    QEMUStreamReader(MemoryInput(bytes), description: description)
  }
}
