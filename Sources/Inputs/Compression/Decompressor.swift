import ByteIO
import StreamIO

/// Decompresses what a file holds, in memory that does not grow with it.
///
/// Several compressed parts behind each other are one, as the formats' own programs take them.
final class Decompressor: InputFilter {
  private let codec: any Codec
  private let format: FileKind.Compression
  private var input = ByteBuffer(capacity: 1 << 16)
  private var start = 0
  private var isInputAtEnd = false
  /// Whether the last part has ended and no other has begun.
  private var isBetween = false
  private var hasBegun = false

  init(_ codec: any Codec, _ format: FileKind.Compression) {
    self.codec = codec
    self.format = format
  }

  func read(
    into span: inout MutableRawSpan, of name: String,
    from source: (inout MutableRawSpan) throws(StreamIOError) -> Int
  ) throws(StreamIOError) -> Int {
    guard span.byteCount > 0 else { return 0 }
    while true {
      if start == input.count && !isInputAtEnd {
        input.removeAll()
        start = 0
        isInputAtEnd = try input.fill(source) == 0
      }
      let isDone = start == input.count && isInputAtEnd
      if isBetween {
        if isDone { return 0 }
        isBetween = false
        try refusing(name) { () throws(CodecFailure) in try codec.restart() }
      }
      if isDone && !hasBegun {
        throw StreamIOError(
          name, .content("expected data compressed by \(format.rawValue), found none"))
      }
      hasBegun = true
      let step = try refusing(name) { () throws(CodecFailure) in
        try Self.step(codec, input, from: start, isLast: isInputAtEnd, into: &span)
      }
      start += step.readByteCount
      isBetween = step.isEnd
      if step.writtenByteCount > 0 { return step.writtenByteCount }
      guard !isDone || step.isEnd else {
        throw StreamIOError(
          name,
          .content(
            "\(format.rawValue): expected more compressed data, found the end of the file"))
      }
    }
  }

  // Takes its owner's parts, whose bytes are on loan meanwhile.
  private static func step(
    _ codec: any Codec, _ input: borrowing ByteBuffer, from start: Int, isLast: Bool,
    into span: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep {
    try codec.step(input.bytes.extracting(droppingFirst: start), isLast: isLast, into: &span)
  }

  private func refusing<Result>(
    _ name: String, _ body: () throws(CodecFailure) -> Result
  ) throws(StreamIOError) -> Result {
    do throws(CodecFailure) {
      return try body()
    } catch {
      throw StreamIOError(name, .content("\(format.rawValue): \(error.reason)"))
    }
  }
}
