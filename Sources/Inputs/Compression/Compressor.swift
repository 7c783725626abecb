import ByteIO
import StreamIO

/// Compresses what is written, in memory that does not grow with it.
final class Compressor: OutputFilter {
  private let codec: any Codec
  private let format: FileKind.Compression
  private var output = ByteBuffer(capacity: 1 << 16)

  init(_ codec: any Codec, _ format: FileKind.Compression) {
    self.codec = codec
    self.format = format
  }

  func write(
    _ bytes: RawSpan, of name: String, to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError) {
    var done = 0
    while done < bytes.byteCount {
      done += try step(bytes.extracting(droppingFirst: done), false, name, sink).readByteCount
    }
  }

  func finish(
    of name: String, to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError) {
    while try !step(RawSpan(), true, name, sink).isEnd {}
  }

  private func step(
    _ bytes: RawSpan, _ isLast: Bool, _ name: String,
    _ sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError) -> CodecStep {
    var result = CodecStep(readByteCount: 0, writtenByteCount: 0, isEnd: false)
    output.removeAll()
    do throws(CodecFailure) {
      _ = try output.fill { (room) throws(CodecFailure) in
        result = try codec.step(bytes, isLast: isLast, into: &room)
        return result.writtenByteCount
      }
    } catch {
      throw StreamIOError(name, .content("\(format.rawValue): \(error.reason)"))
    }
    if output.count > 0 { try Self.give(output, to: sink) }
    return result
  }

  // Takes its owner's part, whose bytes are on loan meanwhile.
  private static func give(
    _ output: borrowing ByteBuffer, to sink: (RawSpan) throws(StreamIOError) -> Void
  ) throws(StreamIOError) {
    try sink(output.bytes)
  }
}
