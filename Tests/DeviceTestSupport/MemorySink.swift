import ByteIO
package import MigrationStream
import TestSupport

/// What a sink was given, for the test that lent the sink to an engine.
package final class StreamBox {
  package var bytes: [UInt8] = []
  package var isFinished = false
  package var chunks: [StateChunk.Context] = []
  package var chunkSizes: [Int] = []
  /// Called before each record and chunk; what it throws the sink fails with.
  package var onWrite: () throws(SinkFull) -> Void = { () throws(SinkFull) in }
  /// Called as the sink is to wait until all is where it goes.
  package var onFlush: () throws(SinkFull) -> Void = { () throws(SinkFull) in }

  package init() {}
}

package struct SinkFull: Error, Equatable {
  package init() {}
}

/// A stream in memory.
package struct MemorySink: ~Copyable, RecordSink {
  private var encoder: StreamEncoder
  private let box: StreamBox

  package init(_ box: StreamBox, limits: StreamLimits? = nil) throws(StreamError) {
    var header = StreamBuilder().header
    if let limits { header.limits = limits }
    encoder = try StreamEncoder(header, compression: .raw)
    self.box = box
  }

  package var limits: StreamLimits { encoder.header.limits }

  package mutating func write(_ record: Record) throws(SinkFull) {
    let box = box
    try box.onWrite()
    do {
      box.bytes.take(try encoder.write(record))
    } catch {
      throw SinkFull()
    }
  }

  package mutating func write(
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

  package mutating func flush() throws(SinkFull) {
    let box = box
    try box.onFlush()
  }

  package consuming func finish() throws(SinkFull) {
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
