import ByteIO
import MigrationStream

/// A chunk on its way from whoever has read it, through a thread that codes it, into the stream.
final class EncodingSlot {
  var bytes = ByteBuffer()
  var device: UInt16 = 0
  var context = StateChunk.Context(phase: .stopCopy)
  var plan = ReferencePlan.none
  /// How the chunk is stored, and its zstd frame if that is how; nil where there was no memory to code it.
  var encoding: ChunkEncoding?
  var frame = ByteBuffer()

  /// Adds the chunk to the stream of `encoder`, and writes it to `output`.
  func write(
    with encoder: inout StreamEncoder, to output: borrowing OutputFile
  ) throws(StreamIOError) {
    try Self.write(
      bytes, encoding, frame, device: device, context: context, plan: plan, with: &encoder,
      to: output)
    plan = .none
  }

  // What the encoder lends keeps its owner from being used, so this takes the owner's parts.
  private static func write(
    _ bytes: borrowing ByteBuffer, _ encoding: ChunkEncoding?, _ frame: borrowing ByteBuffer,
    device: UInt16, context: StateChunk.Context, plan: ReferencePlan,
    with encoder: inout StreamEncoder, to output: borrowing OutputFile
  ) throws(StreamIOError) {
    let head: RawSpan
    do throws(StreamError) {
      guard let encoding else { throw encoder.outOfMemory(device: device) }
      head = try encoder.head(
        of: bytes, as: encoding, frame: frame, device: device, context: context, plan: plan)
    } catch {
      throw StreamIOError(output.path, .stream(error))
    }
    switch encoding {
    case .raw: try output.write(head, bytes.bytes)
    case .fill: try output.write(head)
    default: try output.write(head, frame.bytes)
    }
  }
}

extension WorkRing<EncodingSlot> {
  /// A ring whose threads code chunks.
  convenience init(
    encoding compression: Compression, limits: StreamLimits, threadCount: ThreadCount
  ) {
    self.init(threadCount: threadCount, makeSlot: EncodingSlot.init) {
      // A thread's own: a zstd context serves one at a time.
      let coder = ThreadCoder(compression, limits)
      return { slot in coder.encode(slot) }
    }
  }
}

/// A thread's coder, made when it has its first chunk.
private final class ThreadCoder {
  private let coder: ChunkCoder?

  init(_ compression: Compression, _ limits: StreamLimits) {
    coder = try? ChunkCoder(compression, limits: limits)
  }

  func encode(_ slot: EncodingSlot) {
    slot.encoding = coder?.encode(slot.bytes, by: slot.plan, into: &slot.frame) ?? nil
  }
}
