public import ByteIO
public import QEMUStream

/// An input that was read as the main channel of a QEMU stream.
public struct QEMUInput {
  public let bytes: [UInt8]
  public var catalog: QEMUStreamCatalog
  /// The description at its end; nil if it was read as a pipe.
  public let description: VMDescription?

  /// Reads `bytes` as a file, by the description at its end.
  public init(_ bytes: [UInt8]) {
    self.init(bytes, step: .max, VMDescription(inTail: bytes.span.raw))
  }

  /// Reads `bytes` as a pipe that gives at most `step` of them at a time.
  public init(pipe bytes: [UInt8], step: Int = .max) { self.init(bytes, step: step, nil) }

  private init(_ bytes: [UInt8], step: Int, _ description: VMDescription?) {
    self.bytes = bytes
    self.description = description
    var reader = QEMUStreamReader(
      MemoryInput<Never>(bytes, pieceByteCount: step), description: description)
    catalog = QEMUStreamCatalog(
      reading: &reader, framingOf: { _, _ in true }, observing: { _ in })
  }

  /// A reader of the main channel from its start.
  public func reader() -> QEMUStreamReader<MemoryInput<Never>> {
    QEMUStreamReader(MemoryInput(bytes), description: description)
  }
}
