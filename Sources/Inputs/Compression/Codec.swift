import ByteIO

/// A compressor's library in one direction, one step at a time.
protocol Codec: AnyObject {
  /// Uses bytes at the front of `input`, and fills the front of `output`.
  ///
  /// - Parameter isLast: whether nothing follows `input`. A compressor then ends its data, over as
  ///   many steps as the room takes.
  /// - Returns: how many bytes of each were used, and whether the compressed data ended there.
  /// - Throws: `CodecFailure` if the data is damaged, or memory is short.
  func step(
    _ input: RawSpan, isLast: Bool, into output: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep

  /// Begins again, for compressed data that follows other.
  func restart() throws(CodecFailure)
}

extension Codec {
  /// Gives `body` the bytes of both, for this call only; it may write to the second.
  static func withBytes<Result>(
    of input: RawSpan, _ output: inout MutableRawSpan,
    _ body: (UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) -> Result
  ) -> Result {
    // SAFETY: a caller uses the pointers inside `body` only, with the counts of the spans.
    unsafe input.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBytes { target in
        unsafe body(
          source.baseAddress?.assumingMemoryBound(to: UInt8.self),
          target.baseAddress?.assumingMemoryBound(to: UInt8.self))
      }
    }
  }
}

/// How far a step of a codec came.
struct CodecStep {
  var readByteCount: Int
  var writtenByteCount: Int
  /// Whether the compressed data ended there.
  var isEnd: Bool
}

/// What a compressor's library refuses.
struct CodecFailure: Error {
  let reason: String

  static var damage: Self { Self(reason: "expected sound data, found damage") }
  static var memory: Self { Self(reason: "memory is short") }
}

/// Which way a codec works.
enum CodecDirection {
  case compress, decompress
}

extension FileKind.Compression {
  /// A codec of the format; nil for lzop, whose library has another licence than Ferry.
  func codec(_ direction: CodecDirection) throws(CodecFailure) -> (any Codec)? {
    switch self {
    case .gzip: try GzipCodec(direction)
    case .bzip2: try Bzip2Codec(direction)
    case .xz: try XZCodec(direction)
    case .zstd: try ZstdCodec(direction)
    case .lzop: nil
    }
  }
}
