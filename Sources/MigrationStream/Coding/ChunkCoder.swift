package import ByteIO

/// Chooses how a chunk is stored, and codes it; one serves one thread.
package struct ChunkCoder: ~Copyable {
  private let compressor: ZstdCompressor?

  /// Throws `compression` where memory is short.
  package init(_ compression: Compression) throws(StreamError) {
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
  }

  /// Codes `bytes`, of which there must be some, into `frame` where they are stored as one; nil where memory is short.
  package func encode(_ bytes: RawSpan, into frame: inout ByteBuffer) -> ChunkEncoding? {
    if bytes.fillByte != nil { return .fill }
    guard let isWhole = compressor?.compress(bytes, into: &frame) else { return .raw }
    guard isWhole else { return nil }
    return frame.count < bytes.byteCount ? .zstd : .raw
  }

  /// The same for the bytes of a buffer.
  package func encode(
    _ buffer: borrowing ByteBuffer, into frame: inout ByteBuffer
  ) -> ChunkEncoding? {
    encode(buffer.bytes, into: &frame)
  }
}
