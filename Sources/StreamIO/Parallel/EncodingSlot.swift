import ByteIO
import MigrationStream

/// A chunk on its way from whoever has read it, through a thread that codes it, into the stream.
struct EncodingSlot: ~Copyable, Sendable {
  var bytes = ByteBuffer()
  /// What the encoder said of the chunk.
  var chunk: PlannedChunk?
  /// What the chunk is coded with, if that differs from chunk to chunk.
  var choice: CodingController.Choice?
  /// How long coding took, if a level was given.
  private(set) var codingTime: Duration?
  // How the chunk is stored, and its zstd frame if that is how; nil if there was no memory to code
  // it.
  private var encoding: ChunkEncoding?
  private var frame = ByteBuffer()

  /// Codes the chunk; `coder` is nil if there was no memory for one.
  mutating func encode(with coder: borrowing ChunkCoder?, clock: any MigrationClock) {
    guard let chunk else { return }
    guard let level = choice?.level else {
      encoding = coder?.encode(bytes, of: chunk, into: &frame) ?? nil
      return
    }
    coder?.setLevel(level)
    let start = clock.now
    encoding = coder?.encode(bytes, of: chunk, into: &frame) ?? nil
    // A fill or a delta tells nothing of what the level costs.
    let isTelling = encoding == .zstd || encoding == .raw
    codingTime = isTelling ? clock.now - start : nil
  }

  /// Leaves the chunk as it is.
  mutating func leaveRaw() {
    encoding = ChunkCoder.encoding(uncoded: bytes)
    codingTime = nil
  }

  /// Adds the chunk to the stream of `encoder`, and writes it to `output`, which errors call
  /// `path`; returns how many bytes it is stored in.
  mutating func write(
    with encoder: inout StreamEncoder, to output: inout any ByteSink<StreamIOError> & ~Copyable,
    _ path: String
  ) throws(StreamIOError) -> Int {
    guard let chunk else { return 0 }
    self.chunk = nil
    return try Self.write(chunk, bytes, encoding, frame, with: &encoder, to: &output, path)
  }

  // What the encoder lends keeps its owner from being used, so this takes the owner's parts.
  private static func write(
    _ chunk: PlannedChunk, _ bytes: borrowing ByteBuffer, _ encoding: ChunkEncoding?,
    _ frame: borrowing ByteBuffer, with encoder: inout StreamEncoder,
    to output: inout any ByteSink<StreamIOError> & ~Copyable, _ path: String
  ) throws(StreamIOError) -> Int {
    let head: RawSpan
    do throws(StreamError) {
      head = try encoder.head(of: chunk, bytes, as: encoding, frame: frame)
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
    // A link that is watched must not run dry while a chunk is coded. If it has work for longer,
    // coding need not be done at once.
    let isLinkWatched = policy == .adaptive
    self.init(
      threadCount: threadCount, submitterWorks: !isLinkWatched,
      extraSlots: isLinkWatched ? 8 : 4, makeSlot: { EncodingSlot() },
      makeWorker: {
        // A thread's own: a zstd context serves one at a time.
        let coder = SlotCoder(policy, limits, clock)
        return { slot in coder.encode(&slot) }
      })
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

  func encode(_ slot: inout EncodingSlot) { slot.encode(with: coder, clock: clock) }
}
