import ByteIO
import MigrationStream

/// Records kept in memory.
struct MemorySink: RecordSink {
  struct Chunk {
    var device: UInt16
    var context: StateChunk.Context
    var bytes: [UInt8]
  }

  var limits: StreamLimits
  var records: [Record] = []
  var chunks: [Chunk] = []

  init(limits: StreamLimits) { self.limits = limits }

  mutating func write(_ record: Record) throws(StreamError) { records.append(record) }

  mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamError) {
    chunks.append(Chunk(device: device, context: context, bytes: [UInt8](chunk)))
  }

  func finish() throws(StreamError) {}

  func state(of device: UInt16) -> [UInt8] {
    chunks.filter { $0.device == device }.flatMap(\.bytes)
  }
}
