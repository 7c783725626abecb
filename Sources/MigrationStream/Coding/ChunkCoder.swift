package import ByteIO

/// Chooses how a chunk is stored, and codes it; one serves one thread.
package struct ChunkCoder: ~Copyable {
  private let compressor: ZstdCompressor?
  private let deltaCompressor: ZstdCompressor?

  /// A coder for a stream with these limits; throws `compression` where memory is short.
  package init(_ compression: Compression, limits: StreamLimits) throws(StreamError) {
    guard case .zstd(let level) = compression else {
      compressor = nil
      deltaCompressor = nil
      return
    }
    // Neither takes memory to speak of before it is used.
    guard let plain = ZstdCompressor(level: level),
      let delta = ZstdCompressor(level: level, prefixByteCount: Int(limits.chunkByteCount))
    else {
      throw StreamError(.compression, at: 0, expected: "memory for a zstd context", found: "none")
    }
    compressor = consume plain
    deltaCompressor = consume delta
  }

  /// Codes `bytes`, of which there must be some, into `frame` where they are stored as one; nil where memory is short.
  package func encode(
    _ bytes: RawSpan, by plan: ReferencePlan, into frame: inout ByteBuffer
  ) -> ChunkEncoding? {
    if let reference = plan.reference {
      let isWhole = reference.withBytes { kept in
        deltaCompressor?.compress(bytes, after: kept.bytes, into: &frame)
      }
      return isWhole == true ? .delta : nil
    }
    if bytes.fillByte != nil { return .fill }
    guard let isWhole = compressor?.compress(bytes, into: &frame) else { return .raw }
    guard isWhole else { return nil }
    return frame.count < bytes.byteCount ? .zstd : .raw
  }

  /// The same for the bytes of a buffer.
  package func encode(
    _ buffer: borrowing ByteBuffer, by plan: ReferencePlan, into frame: inout ByteBuffer
  ) -> ChunkEncoding? {
    encode(buffer.bytes, by: plan, into: &frame)
  }
}
