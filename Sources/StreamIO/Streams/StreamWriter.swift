public import ByteIO
public import MigrationStream

/// A stream on its way into a file.
///
/// With several threads, chunks are coded behind the calls that give them, and written by a later
/// call: an error of one is thrown by whichever call comes to write it. The bytes of the stream are
/// the same for any number of threads.
public struct StreamWriter: ~Copyable {
  private var encoder: StreamEncoder
  private var output: any ByteSink<StreamIOError> & ~Copyable
  private let path: String
  // None if one thread does it all.
  private let ring: WorkRing<EncodingSlot>?
  // None if all chunks are coded alike.
  private var controller: CodingController?
  // The chunk that was given last, on its way to the threads if there are some.
  private var slot = EncodingSlot()
  private let slotCoder: SlotCoder
  private let clock: any MigrationClock & Sendable
  // Chunks behind one that could not be written count on it.
  private var failure: StreamIOError?

  /// Begins a stream in `output`; nothing is written before the first record.
  public init(
    to output: consuming any ByteSink<StreamIOError> & ~Copyable, header: StreamHeader,
    compression: Compression = .standard,
    threads: ThreadCount = .one
  ) throws(StreamIOError) {
    try self.init(to: output, header: header, policy: .fixed(compression), threads: threads)
  }

  /// The same with a policy; one that adapts goes by `clock`.
  public init(
    to output: consuming any ByteSink<StreamIOError> & ~Copyable, header: StreamHeader,
    policy: CodingPolicy,
    threads: ThreadCount = .one, clock: any MigrationClock & Sendable = SystemClock()
  ) throws(StreamIOError) {
    path = output.name
    do throws(StreamError) {
      encoder = try StreamEncoder(header, compression: policy.compression)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    self.output = output
    // What is not coded is not worth handing over.
    ring =
      threads == .one || policy == .fixed(.raw)
      ? nil
      : WorkRing(
        encoding: policy, limits: header.limits, threadCount: threads, clock: clock)
    controller = policy == .adaptive ? CodingController(threadCount: threads) : nil
    slotCoder = SlotCoder(policy, header.limits, clock)
    self.clock = clock
  }

  /// The header that the stream begins with.
  public var header: StreamHeader { encoder.header }

  /// The number of stream bytes written.
  public var byteCount: UInt64 { encoder.byteCount }

  /// Writes a record that is not state, as `StreamEncoder.write(_:)` takes it.
  public mutating func write(_ record: Record) throws(StreamIOError) {
    try drain()
    try Self.write(record, with: &encoder, to: &output, path)
  }

  /// Writes the next chunk of a device's state.
  public mutating func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    guard codesInSlots else {
      return try Self.write(
        chunk, device: device, context: context, with: &encoder, to: &output, path)
    }
    slot.bytes.removeAll()
    slot.bytes.append(chunk)
    _ = try submit(device: device, context: context)
  }

  /// Writes the next chunk of a device's state out of `buffer`, which is empty afterwards, and may
  /// have other memory.
  public mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    try write(from: &buffer, device: device, context: context, at: nil)
  }

  /// The same for a chunk of one of several channels, which begins at `stateOffset`.
  mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context,
    at stateOffset: UInt64?
  ) throws(StreamIOError) {
    if codesInSlots {
      swap(&slot.bytes, &buffer)
      // The same memory again, if that is free, is still in the processor's caches.
      if try submit(device: device, context: context, at: stateOffset) {
        swap(&slot.bytes, &buffer)
      }
    } else {
      try Self.write(
        buffer.bytes, device: device, context: context, with: &encoder, to: &output, path)
    }
    buffer.removeAll()
  }

  /// Writes the chunks that are with other threads, and waits until the output has taken them.
  public mutating func flush() throws(StreamIOError) {
    try drain()
    try output.flush()
  }

  /// Ends the stream and puts the file in place.
  public consuming func finish() throws(StreamIOError) { try finish(nil) }

  /// The same for one of several channels, with the summaries of the whole stream.
  consuming func finish(_ summaries: [DeviceSummary]?) throws(StreamIOError) {
    try drain()
    try Self.finish(&encoder, &output, path, summaries)
    try output.finish()
  }

  // MARK: Threads

  /// Whether chunks are not simply coded alike by this thread.
  private var codesInSlots: Bool {
    ring != nil || controller != nil || header.channelCount > 1
  }

  /// Codes and writes the chunk in `slot`, or hands it to the threads; whether it is written.
  private mutating func submit(
    device: UInt16, context: StateChunk.Context, at stateOffset: UInt64? = nil
  ) throws(StreamIOError) -> Bool {
    if let failure { throw failure }
    if let ring, ring.isFull { try writeOldest(of: ring) }
    let isCoded = chooseLevel()
    slot.chunk = encoder.plan(
      slot.bytes, device: device, context: context, at: stateOffset, isCoded: isCoded)
    guard let ring, isCoded || !ring.isEmpty else {
      if isCoded { slotCoder.encode(&slot) }
      failure = Self.write(&slot, with: &encoder, to: &output, path, &controller, clock)
      if let failure { throw failure }
      return true
    }
    ring.fill { vacant in
      swap(&vacant, &slot)
      return isCoded
    }
    // The next chunk comes before what is only to be written, if there is nothing else to code.
    while ring.isOldestDone {
      try writeOldest(of: ring)
      guard ring.hasWork else { break }
    }
    return false
  }

  /// Decides how the chunk in `slot` is coded; whether it is at all.
  private mutating func chooseLevel() -> Bool {
    guard controller != nil else { return true }
    slot.choice = controller?.choose(for: slot.bytes)
    guard slot.choice?.level != nil else {
      slot.leaveRaw()
      return false
    }
    return true
  }

  private mutating func drain() throws(StreamIOError) {
    guard let ring else { return }
    if let failure { throw failure }
    while !ring.isEmpty { try writeOldest(of: ring) }
  }

  private mutating func writeOldest(of ring: WorkRing<EncodingSlot>) throws(StreamIOError) {
    if let failure { throw failure }
    failure = ring.takeOldest { slot in
      Self.write(&slot, with: &encoder, to: &output, path, &controller, clock)
    }
    if let failure { throw failure }
  }

  // MARK: Writing

  // What the encoder lends keeps its owner from being used, so these take the owner's parts.

  /// Writes the chunk in a slot; why not, if that fails.
  private static func write(
    _ slot: inout EncodingSlot, with encoder: inout StreamEncoder,
    to output: inout any ByteSink<StreamIOError> & ~Copyable, _ path: String,
    _ controller: inout CodingController?, _ clock: any MigrationClock
  ) -> StreamIOError? {
    do throws(StreamIOError) {
      let begin = controller == nil ? .zero : clock.now
      let count = try slot.write(with: &encoder, to: &output, path)
      if let choice = slot.choice {
        controller?.note(
          choice, codingTime: slot.codingTime, storedByteCount: count, from: begin, to: clock.now)
      }
      return nil
    } catch {
      return error
    }
  }

  private static func write(
    _ record: Record, with encoder: inout StreamEncoder,
    to output: inout any ByteSink<StreamIOError> & ~Copyable, _ path: String
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.write(record)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }

  private static func write(
    _ chunk: RawSpan, device: UInt16, context: StateChunk.Context,
    with encoder: inout StreamEncoder, to output: inout any ByteSink<StreamIOError> & ~Copyable,
    _ path: String
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.chunk(chunk, device: device, context: context)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }

  private static func finish(
    _ encoder: inout StreamEncoder, _ output: inout any ByteSink<StreamIOError> & ~Copyable,
    _ path: String, _ summaries: [DeviceSummary]?
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.finish(summaries)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }
}

extension StreamWriter: RecordSink {
  public var limits: StreamLimits { header.limits }
}
