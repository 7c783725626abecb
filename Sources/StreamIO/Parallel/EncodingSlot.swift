import ByteIO
import MigrationStream

/// A chunk on its way from whoever has read it, through a thread that codes it, into the stream.
final class EncodingSlot {
  var bytes = ByteBuffer()
  var device: UInt16 = 0
  var context = StateChunk.Context(phase: .stopCopy)
  var plan = ReferencePlan.none
  /// What the chunk is coded with, where that differs from chunk to chunk.
  var level: Int?
  /// How long coding took, where a level was given.
  private(set) var codingTime: Duration?
  /// How the chunk is stored, and its zstd frame if that is how; nil where there was no memory to code it.
  private(set) var encoding: ChunkEncoding?
  private var frame = ByteBuffer()

  /// Codes the chunk; `coder` is nil where there was no memory for one.
  func encode(with coder: borrowing ChunkCoder?, clock: any MigrationClock) {
    guard let level else {
      encoding = coder?.encode(bytes, by: plan, into: &frame) ?? nil
      return
    }
    coder?.setLevel(level)
    let start = clock.now
    encoding = coder?.encode(bytes, by: plan, into: &frame) ?? nil
    // A fill or a delta tells nothing of what the level costs.
    let isTelling = encoding == .zstd || encoding == .raw
    codingTime = isTelling ? clock.now - start : nil
  }

  /// Leaves the chunk as it is.
  func leaveRaw() {
    encoding = ChunkCoder.encoding(uncoded: bytes)
    codingTime = nil
  }

  /// Adds the chunk to the stream of `encoder`, and writes it to `output`; returns how many bytes it is stored in.
  func write(
    with encoder: inout StreamEncoder, to output: inout any ByteSink<StreamIOError> & ~Copyable,
    _ path: String
  ) throws(StreamIOError) -> Int {
    defer { plan = .none }
    return try Self.write(
      bytes, encoding, frame, device: device, context: context, plan: plan, with: &encoder,
      to: &output, path)
  }

  // What the encoder lends keeps its owner from being used, so this takes the owner's parts.
  private static func write(
    _ bytes: borrowing ByteBuffer, _ encoding: ChunkEncoding?, _ frame: borrowing ByteBuffer,
    device: UInt16, context: StateChunk.Context, plan: ReferencePlan,
    with encoder: inout StreamEncoder, to output: inout any ByteSink<StreamIOError> & ~Copyable,
    _ path: String
  ) throws(StreamIOError) -> Int {
    let head: RawSpan
    do throws(StreamError) {
      guard let encoding else { throw encoder.outOfMemory(device: device) }
      head = try encoder.head(
        of: bytes, as: encoding, frame: frame, device: device, context: context, plan: plan)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    switch encoding {
    case .raw:
      try output.write(head, bytes.bytes)
      return head.byteCount + bytes.count
    case .fill:
      try output.write(head, RawSpan())
      return head.byteCount
    default:
      try output.write(head, frame.bytes)
      return head.byteCount + frame.count
    }
  }
}

extension WorkRing<EncodingSlot> {
  /// A ring whose threads code chunks.
  convenience init(
    encoding policy: CodingPolicy, limits: StreamLimits, threadCount: ThreadCount,
    clock: any MigrationClock & Sendable
  ) {
    // A link that is watched must not run dry while a chunk is coded. Where it has work for longer, coding need not be
    // done at once.
    let isLinkWatched = policy == .adaptive
    self.init(
      threadCount: threadCount, isFillerWorking: !isLinkWatched,
      spareSlotCount: isLinkWatched ? 8 : 4, makeSlot: EncodingSlot.init
    ) {
      // A thread's own: a zstd context serves one at a time.
      let coder = SlotCoder(policy, limits, clock)
      return { slot in coder.encode(slot) }
    }
  }
}

/// A coder for slots, in a place that a closure can keep.
final class SlotCoder {
  private let coder: ChunkCoder?
  private let clock: any MigrationClock

  init(_ policy: CodingPolicy, _ limits: StreamLimits, _ clock: any MigrationClock) {
    self.clock = clock
    coder = try? ChunkCoder(policy.compression, limits: limits)
  }

  func encode(_ slot: EncodingSlot) { slot.encode(with: coder, clock: clock) }
}
