public import ByteIO
public import MigrationStream

/// A stream on its way into a file.
///
/// With several threads, chunks are coded behind the calls that give them, and written by a later call: an error of one is
/// thrown by whichever call comes to write it. The bytes of the stream are the same for any number of threads.
public struct StreamWriter: ~Copyable {
  private var encoder: StreamEncoder
  private var output: any ByteSink<StreamIOError> & ~Copyable
  private let path: String
  // None where one thread does it all.
  private let ring: WorkRing<EncodingSlot>?
  // None where all chunks are coded alike.
  private var controller: CodingController?
  // For chunks that one thread codes by what the controller says.
  private let slot = EncodingSlot()
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
    guard let slot = try vacantSlot() else {
      return try Self.write(
        chunk, device: device, context: context, with: &encoder, to: &output, path)
    }
    slot.bytes.removeAll()
    slot.bytes.append(chunk)
    _ = try submit(slot, device: device, context: context)
  }

  /// Writes the next chunk of a device's state out of `buffer`, which is empty afterwards, and may have other memory.
  public mutating func write(
    from buffer: inout ByteBuffer, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) {
    if let slot = try vacantSlot() {
      swap(&slot.bytes, &buffer)
      // The same memory again, where that is free, is still in the processor's caches.
      if try submit(slot, device: device, context: context) { swap(&slot.bytes, &buffer) }
    } else {
      try Self.write(
        buffer.bytes, device: device, context: context, with: &encoder, to: &output, path)
    }
    buffer.removeAll()
  }

  /// Ends the stream and puts the file in place.
  public consuming func finish() throws(StreamIOError) {
    try drain()
    try Self.finish(&encoder, &output, path)
    try output.finish()
  }

  // MARK: Threads

  /// A slot for the next chunk, once there is one; nil where one thread does it all.
  private mutating func vacantSlot() throws(StreamIOError) -> EncodingSlot? {
    if let failure { throw failure }
    guard let ring else { return controller == nil ? nil : slot }
    if ring.isFull { try writeOldest(of: ring) }
    return ring.vacant
  }

  /// Codes and writes a chunk, or hands it to the threads; whether it is written.
  private mutating func submit(
    _ slot: EncodingSlot, device: UInt16, context: StateChunk.Context
  ) throws(StreamIOError) -> Bool {
    slot.device = device
    slot.context = context
    encoder.digest(slot.bytes, device: device)
    let needsWork = prepare(slot)
    guard let ring, needsWork || !ring.isEmpty else {
      if needsWork { slotCoder.encode(slot) }
      try write(slot)
      return true
    }
    ring.submit(needsWork: needsWork)
    // The next chunk comes before what is only to be written, where there is nothing else to code.
    while ring.isOldestDone {
      try writeOldest(of: ring)
      guard ring.hasWork else { break }
    }
    return false
  }

  /// Decides how a chunk is coded; whether it is at all.
  private mutating func prepare(_ slot: EncodingSlot) -> Bool {
    if controller != nil {
      guard case .zstd(let level)? = controller?.choose(for: slot.bytes) else {
        slot.leaveRaw()
        return false
      }
      slot.level = level
    }
    slot.plan = encoder.plan(
      slot.bytes, device: slot.device, context: slot.context, afterChunks: ring?.count ?? 0)
    return true
  }

  private mutating func drain() throws(StreamIOError) {
    guard let ring else { return }
    if let failure { throw failure }
    while !ring.isEmpty { try writeOldest(of: ring) }
  }

  private mutating func writeOldest(of ring: WorkRing<EncodingSlot>) throws(StreamIOError) {
    if let failure { throw failure }
    let slot = ring.oldest()
    ring.release()
    try write(slot)
  }

  private mutating func write(_ slot: EncodingSlot) throws(StreamIOError) {
    do throws(StreamIOError) {
      guard controller != nil else {
        _ = try slot.write(with: &encoder, to: &output, path)
        return
      }
      let begin = clock.now
      let count = try slot.write(with: &encoder, to: &output, path)
      controller?.note(
        codingTime: slot.codingTime, storedByteCount: count, from: begin, to: clock.now)
    } catch {
      failure = error
      throw error
    }
  }

  // MARK: Writing

  // What the encoder lends keeps its owner from being used, so these take the owner's parts.

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
    _ path: String
  ) throws(StreamIOError) {
    let bytes: EncodedBytes
    do throws(StreamError) {
      bytes = try encoder.finish()
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    try output.write(bytes.head, bytes.body)
  }
}
