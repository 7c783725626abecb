import ByteIO
public import MigrationStream
public import QEMUStream

/// What was taken out of a QEMU stream, in memory.
public struct ExtractedRecords: RecordSink {
  public struct Chunk {
    public var device: UInt16
    public var context: StateChunk.Context
    public var bytes: [UInt8]
  }

  public let limits: StreamLimits
  public private(set) var records: [Record] = []
  public private(set) var chunks: [Chunk] = []

  public init(chunkByteCount: UInt32) {
    limits = StreamLimits(chunkByteCount: chunkByteCount, metadataByteCount: 4 << 20)
  }

  public mutating func write(_ record: Record) { records.append(record) }

  public mutating func write(_ chunk: RawSpan, device: UInt16, context: StateChunk.Context) {
    require(
      (1...Int(limits.chunkByteCount)).contains(chunk.byteCount), "a chunk keeps to its limit")
    chunks.append(Chunk(device: device, context: context, bytes: [UInt8](chunk)))
  }

  public func finish() {}

  /// The state of a device.
  public func state(of device: UInt16) -> [UInt8] {
    chunks.filter { $0.device == device }.flatMap(\.bytes)
  }

  /// How a device's state was divided, whose records must be good.
  public func framing(of device: UInt16) -> QEMUFraming {
    var framing = QEMUFraming()
    for case .optional(let record) in records where record.device == device {
      require(framing.append(payload: record.payload), "a framing can be read again")
    }
    return framing
  }
}
