import ByteIO
import MigrationStream
import TestSupport

/// What a sink was given, for the test that lent the sink to an engine.
final class StreamBox {
  var bytes: [UInt8] = []
  var isFinished = false
  var chunks: [StateChunk.Context] = []
  var chunkSizes: [Int] = []
  /// Called before each record and chunk; what it throws the sink fails with.
  var onWrite: () throws(SinkFull) -> Void = { () throws(SinkFull) in }
}

struct SinkFull: Error, Equatable {}

/// A stream in memory.
struct MemorySink: ~Copyable, RecordSink {
  private var encoder: StreamEncoder
  private let box: StreamBox

  init(_ box: StreamBox, limits: StreamLimits? = nil) throws(StreamError) {
    var header = StreamBuilder().header
    if let limits { header.limits = limits }
    encoder = try StreamEncoder(header, compression: .raw)
    self.box = box
  }

  var limits: StreamLimits { encoder.header.limits }

  mutating func write(_ record: Record) throws(SinkFull) {
    let box = box
    try box.onWrite()
    do {
      box.bytes.take(try encoder.write(record))
    } catch {
      throw SinkFull()
    }
  }

  mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(SinkFull) {
    let box = box
    try box.onWrite()
    do {
      box.bytes.take(try encoder.chunk(chunk, device: device, context: context))
    } catch {
      throw SinkFull()
    }
    box.chunks.append(context)
    box.chunkSizes.append(chunk.byteCount)
  }

  consuming func finish() throws(SinkFull) {
    let box = box
    try box.onWrite()
    do {
      box.bytes.take(try encoder.finish())
    } catch {
      throw SinkFull()
    }
    box.isFinished = true
  }
}
