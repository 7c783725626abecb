import ByteIO
public import MigrationStream
import StateLayout
public import StreamIO

/// The state of one device as a source of records: all of it was read while the device stood still.
public struct StateRecords: RecordSource, ~Copyable {
  /// How many bytes of state it gave.
  public private(set) var stateByteCount: UInt64 = 0
  private let state: any StateInputSource
  private let device: UInt16
  private let chunkByteCount: UInt64
  // Those to come, the last first.
  private var records: [Record]
  private var buffer = ByteBuffer()

  /// A device with what is known of it, and its state in chunks as large as `limits` allow.
  public init(
    _ introduction: DeviceIntroduction, state: any StateInputSource,
    information: StreamInformation, limits: StreamLimits
  ) {
    self.state = state
    device = introduction.number
    chunkByteCount = UInt64(limits.chunkByteCount)
    records = ([.information(information)] + introduction.records).reversed()
  }

  public mutating func next() throws(StreamIOError) -> Record? {
    if let record = records.popLast() { return record }
    buffer.removeAll()
    let count = min(state.byteCount - stateByteCount, chunkByteCount)
    guard count > 0 else { return nil }
    try state.read(at: stateByteCount, count: Int(count), into: &buffer)
    let chunk = StateChunk(
      device: device, stateOffset: stateByteCount, byteCount: UInt32(count),
      context: StateChunk.Context(phase: .stopCopy))
    stateByteCount += count
    return .chunk(chunk)
  }

  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan { buffer.bytes }
}
