package import ByteIO

/// Makes a `.dms` stream, record by record.
///
/// The encoder does no I/O: each call lends the bytes that it adds, and the caller writes them
/// before the next call. The order of calls is the order of the format: stream information, then
/// for each device its identity and what else is known of it, then state, then `finish()`. A call
/// out of order throws `misplacedRecord` and adds nothing.
///
/// Of a stream of several channels it makes the one that the header names: whoever deals the chunks
/// says where each begins, and sums up the devices.
public struct StreamEncoder: ~Copyable {
  private var framer: RecordFramer
  private let coder: ChunkCoder
  private var planner: ReferencePlanner
  // The zstd frame of the last chunk, if that is how it is stored.
  private var frame = ByteBuffer()
  private var pending: ByteBuffer
  private var isPendingLent = false
  private var target: (device: UInt16, context: StateChunk.Context)?
  // Chunks that are coded elsewhere: those that came, and those of them that are in the stream.
  private var plannedCount: UInt64 = 0
  private var addedCount: UInt64 = 0

  /// An encoder for a stream with this header, whose limits it keeps to.
  ///
  /// A stream of fewer than `indexThreshold` chunks gets no index. Throws `limitExceeded` for
  /// limits that the format does not allow, `compression` if memory is short.
  public init(
    _ header: StreamHeader, compression: Compression = .standard, indexThreshold: Int = 8
  ) throws(StreamError) {
    _ = try StreamHeader(parsing: header.encoded().span.raw)
    coder = try ChunkCoder(compression, limits: header.limits)
    planner = ReferencePlanner(header, compression)
    framer = RecordFramer(header, indexThreshold: indexThreshold)
    pending = ByteBuffer()
  }

  /// The header that the stream begins with.
  public var header: StreamHeader { framer.header }

  /// The number of devices introduced so far.
  public var deviceCount: Int { framer.ledger.devices.count }

  /// The number of stream bytes lent so far.
  public var byteCount: UInt64 { framer.byteCount }

  /// Adds a record that is not state, as `StreamDecoder` gives it; an identity's device is
  /// `deviceCount`, and that of a device's other records the one introduced last.
  ///
  /// Summaries, the end and the index are the encoder's own: for those nothing is lent. So is a
  /// chunk, whose bytes come through `chunk` or `push`.
  @_lifetime(&self)
  public mutating func write(_ record: Record) throws(StreamError) -> EncodedBytes {
    framer.begin()
    switch record {
    case .information(let value): try framer.put(value)
    case .identity(var value, let device):
      if header.mandatoryFeatures.contains(.dictionaries) {
        value.dictionary =
          value.dictionary ?? value.driver.flatMap { StateDictionary.driver($0)?.digest }
      } else {
        value.dictionary = nil
      }
      try framer.put(value, device: device)
      planner.dictionaries[device] = value.dictionary.flatMap { StateDictionary.named($0) }
    case .configuration(let value, let device): try framer.put(value, device: device)
    case .interrupts(let value, let device): try framer.put(value, device: device)
    case .pasids(let value, let device): try framer.put(value, device: device)
    case .optional(let value): try framer.put(value)
    case .chunk, .summary, .end, .index: break
    }
    return lend(RawSpan())
  }

  // MARK: State

  /// Adds one chunk: `bytes` are the next of `device`'s state, at least one and at most the chunk
  /// limit.
  @_lifetime(&self, copy bytes)
  public mutating func chunk(
    _ bytes: RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamError) -> EncodedBytes {
    precondition(target == nil, "flush() the bytes pushed before adding a chunk")
    framer.begin()
    try framer.checkChunk(byteCount: bytes.byteCount, device: device)
    let plan = planner.plan(
      bytes, device: device, context: context, sequence: framer.sequence(afterChunks: 0))
    guard let encoding = coder.encode(bytes, by: plan, into: &frame) else {
      throw outOfMemory(device: device)
    }
    do throws(StreamError) {
      try framer.put(
        chunk: bytes, as: encoding, frame: frame, device: device, context: context, plan: plan)
    } catch {
      planner.forget()
      throw error
    }
    if encoding == .raw { return lend(bytes) }
    return lendFrame(encoding)
  }

  /// Takes the next chunk of a device, whose bytes are then coded elsewhere and come into the
  /// stream by `head`, in the order in which they came here.
  ///
  /// Its digest is taken while its bytes are still in the processor's caches, unless this is one
  /// channel of several. A chunk that is not coded refers to no other. Its state begins at
  /// `stateOffset`, or where that of the device's chunk before it ended.
  package mutating func plan(
    _ bytes: borrowing ByteBuffer, device: UInt16, context: StateChunk.Context,
    at stateOffset: UInt64? = nil, isCoded: Bool
  ) -> PlannedChunk {
    if header.channelCount == 1 { framer.digest(bytes, device: device) }
    let plan =
      isCoded
      ? planner.plan(
        bytes, device: device, context: context,
        sequence: framer.sequence(afterChunks: Int(plannedCount - addedCount)))
      : .none
    defer { plannedCount += 1 }
    return PlannedChunk(
      device: device, context: context, plan: plan, stateOffset: stateOffset, number: plannedCount)
  }

  /// Adds the chunk that was planned first of those that are not added yet, and lends what comes
  /// before its body: `bytes` stored raw, nothing more of a fill, else `frame`.
  ///
  /// `encoding` is how it was coded, nil if there was no memory for that.
  @_lifetime(&self)
  package mutating func head(
    of chunk: PlannedChunk, _ bytes: borrowing ByteBuffer, as encoding: ChunkEncoding?,
    frame: borrowing ByteBuffer
  ) throws(StreamError) -> RawSpan {
    precondition(chunk.number == addedCount, "chunks are added in the order of their plans")
    addedCount += 1
    framer.begin()
    guard let encoding else { throw outOfMemory(device: chunk.device) }
    try framer.put(
      chunk: bytes, as: encoding, frame: frame, device: chunk.device, context: chunk.context,
      plan: chunk.plan, stateOffset: chunk.stateOffset, isDigested: true)
    framer.lend(
      bodyByteCount: encoding == .raw ? bytes.count : encoding == .fill ? 0 : frame.count)
    return framer.head.bytes
  }

  /// The error that there is no memory to code a chunk of `device` that comes next.
  private func outOfMemory(device: UInt16) -> StreamError {
    framer.place(device: device).error(
      .compression, expected: "memory for a zstd frame", found: "none")
  }

  /// Takes state in pieces of any size: moves bytes from the front of `bytes` into the chunk under
  /// construction, and lends a record as soon as one is complete; nil when `bytes` is used up
  /// before that.
  ///
  /// A change of device or context completes the chunk before it. `flush()` completes the last one.
  @_lifetime(&self, copy bytes)
  @_lifetime(bytes: copy bytes)
  public mutating func push(
    _ bytes: inout RawSpan, device: UInt16, context: StateChunk.Context
  ) throws(StreamError) -> EncodedBytes? {
    let limit = Int(header.limits.chunkByteCount)
    if let target, target != (device, context) { return try flush() }
    if target == nil && bytes.byteCount >= limit {
      let whole = bytes.extracting(first: limit)
      bytes = bytes.extracting(droppingFirst: limit)
      return try chunk(whole, device: device, context: context)
    }
    guard bytes.byteCount > 0 else { return nil }
    if isPendingLent {
      pending.removeAll()
      isPendingLent = false
    }
    pending.reserve(limit)
    let part = min(limit - pending.count, bytes.byteCount)
    pending.append(bytes.extracting(first: part))
    bytes = bytes.extracting(droppingFirst: part)
    target = (device, context)
    guard pending.count == limit else { return nil }
    return try flush()
  }

  /// Completes the chunk under construction, adding `flags` to it; nil if there is none.
  @_lifetime(&self)
  public mutating func flush(
    adding flags: StateChunk.Flags = []
  ) throws(StreamError) -> EncodedBytes? {
    guard var target else { return nil }
    target.context.flags.formUnion(flags)
    framer.begin()
    let plan = planner.plan(
      pending, device: target.device, context: target.context,
      sequence: framer.sequence(afterChunks: 0))
    guard let encoding = coder.encode(pending, by: plan, into: &frame) else {
      throw outOfMemory(device: target.device)
    }
    do throws(StreamError) {
      try framer.put(
        chunk: pending, as: encoding, frame: frame, device: target.device,
        context: target.context, plan: plan)
    } catch {
      planner.forget()
      throw error
    }
    self.target = nil
    isPendingLent = true
    guard encoding == .raw else { return lendFrame(encoding) }
    framer.lend(bodyByteCount: pending.count)
    return EncodedBytes(head: framer.head.bytes, body: pending.bytes)
  }

  /// Sums up every device and ends the stream: nothing may follow. The summaries of a stream of
  /// several channels are given, for they are of all of them.
  @_lifetime(&self)
  public mutating func finish(
    _ summaries: [DeviceSummary]? = nil
  ) throws(StreamError) -> EncodedBytes {
    precondition(target == nil, "flush() the bytes pushed before finishing")
    framer.begin()
    try framer.finish(summaries)
    return lend(RawSpan())
  }

  @_lifetime(&self, copy body)
  private mutating func lend(_ body: RawSpan) -> EncodedBytes {
    framer.lend(bodyByteCount: body.byteCount)
    return EncodedBytes(head: framer.head.bytes, body: body)
  }

  @_lifetime(&self)
  private mutating func lendFrame(_ encoding: ChunkEncoding) -> EncodedBytes {
    guard encoding != .fill else { return lend(RawSpan()) }
    framer.lend(bodyByteCount: frame.count)
    return EncodedBytes(head: framer.head.bytes, body: frame.bytes)
  }
}
