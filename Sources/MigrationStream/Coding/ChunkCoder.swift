import ByteIO

/// Chooses how a chunk is stored, and codes it.
struct ChunkCoder: ~Copyable {
  private let compressor: ZstdCompressor?
  /// The zstd frame of the last chunk, where that is how it is stored.
  private(set) var frame: ByteBuffer

  /// Throws `compression` where memory is short.
  init(_ compression: Compression) throws(StreamError) {
    switch compression {
    case .raw:
      compressor = nil
    case .zstd(let level):
      guard let context = ZstdCompressor(level: level) else {
        throw StreamError(
          .compression, at: 0, expected: "memory for a zstd context", found: "none")
      }
      compressor = consume context
    }
    frame = ByteBuffer()
  }

  /// Codes `bytes`, of which there must be some; nil where memory is short.
  mutating func encode(_ bytes: RawSpan) -> ChunkEncoding? {
    if bytes.fillByte != nil { return .fill }
    guard let isWhole = compressor?.compress(bytes, into: &frame) else { return .raw }
    guard isWhole else { return nil }
    return frame.count < bytes.byteCount ? .zstd : .raw
  }
}
