public import ByteIO
public import MigrationStream

/// A stream on its way into several channels, to which its chunks are dealt in turn.
///
/// Channel 0 is written by the thread that gives the records, each other one by a thread of its
/// own, which codes its chunks too. Whoever gives records waits for a channel that lags: of each,
/// no more than a few chunks wait.
public struct StripedWriter: ~Copyable {
  /// Makes the writer of a channel by its number, on the thread that will write it.
  public typealias Opener = @Sendable (UInt16) throws(StreamIOError) -> StreamWriter

  private var first: StreamWriter
  private let others: [ChannelQueue]
  // The books of the whole stream, which no channel has.
  private var ledger = StripeLedger(digests: [.xxh3])

  /// Begins a stream in the channels of `first`, whose header tells how many there are; `open`
  /// makes the writers of the others, which have its header with their own numbers.
  ///
  /// When it returns all are open.
  public init(
    first: consuming StreamWriter, open: @escaping Opener
  ) throws(StreamIOError) {
    let count = first.header.channelCount
    others = (1..<max(count, 1)).map { ChannelQueue(channel: $0, open) }
    self.first = first
    for queue in others { try queue.submit(.open) }
    for queue in others { try queue.drain() }
  }

  private var channelCount: UInt64 { UInt64(others.count) + 1 }

  /// Waits until every channel has flushed.
  public mutating func flush() throws(StreamIOError) {
    for queue in others { try queue.submit(.flush) }
    try first.flush()
    for queue in others { try queue.drain() }
  }

  /// Ends every channel, with the summaries of the whole stream.
  public consuming func finish() throws(StreamIOError) {
    guard !others.isEmpty else { return try first.finish() }
    let summaries = ledger.summaries
    for queue in others { try queue.submit(.end(summaries)) }
    try first.finish(summaries)
    for queue in others { try queue.drain() }
  }
}

extension StripedWriter: RecordSink {
  public var limits: StreamLimits { first.limits }

  /// Writes a record that is not state: before the first chunk into every channel, and behind it
  /// into channel 0.
  public mutating func write(_ record: Record) throws(StreamIOError) {
    if !others.isEmpty, ledger.chunkCount == 0 {
      if case .identity = record { try ledger.addDevice() }
      for queue in others { try queue.submit(.record(record)) }
    }
    try first.write(record)
  }

  public mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    guard !others.isEmpty else {
      return try first.write(chunk, device: device, context: context)
    }
    var buffer = ByteBuffer(capacity: chunk.byteCount)
    buffer.append(chunk)
    try write(from: &buffer, device: device, context: context)
  }

  public mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    guard !others.isEmpty else {
      return try first.write(from: &buffer, device: device, context: context)
    }
    let channel = Int(ledger.chunkCount % channelCount)
    let offset = ledger.add(byteCount: buffer.count, of: device)
    ledger.digest(buffer, of: device)
    guard channel > 0 else {
      return try first.write(from: &buffer, device: device, context: context, at: offset)
    }
    try others[channel - 1].submit(.chunk(device, context, offset), &buffer)
  }
}
