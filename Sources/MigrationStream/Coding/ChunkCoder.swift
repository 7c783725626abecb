package import ByteIO

/// Chooses how a chunk is stored, and codes it; one serves one thread.
package struct ChunkCoder: ~Copyable {
  private let compressor: ZstdCompressor?
  private let deltaCompressor: ZstdCompressor?
  private let dictionaryCompressor: ZstdCompressor?

  /// A coder for a stream with these limits; throws `compression` if memory is short.
  package init(_ compression: Compression, limits: StreamLimits) throws(StreamError) {
    guard case .zstd(let level) = compression else {
      compressor = nil
      deltaCompressor = nil
      dictionaryCompressor = nil
      return
    }
    // Neither takes memory to speak of before it is used.
    guard let plain = ZstdCompressor(level: level),
      let delta = ZstdCompressor(level: level, prefixByteCount: Int(limits.chunkByteCount)),
      // Such chunks are small, and the level costs next to nothing.
      let small = ZstdCompressor(level: max(level, 9))
    else {
      throw StreamError(.compression, at: 0, expected: "memory for a zstd context", found: "none")
    }
    compressor = consume plain
    deltaCompressor = consume delta
    dictionaryCompressor = consume small
  }

  /// Codes what follows at another level; only if the coder was not made for raw chunks.
  package func setLevel(_ level: Int) { compressor?.setLevel(level) }

  /// How `bytes` are stored by a writer that does not code them.
  package static func encoding(uncoded buffer: borrowing ByteBuffer) -> ChunkEncoding {
    buffer.bytes.fillByte == nil ? .raw : .fill
  }

  /// Codes `bytes`, of which there must be some, into `frame` if they are stored as one; nil if
  /// memory is short.
  func encode(
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
    if let dictionary = plan.dictionary {
      let least = min(frame.count, bytes.byteCount)
      let isSmaller = dictionaryCompressor?.compress(
        bytes, with: dictionary, into: &frame, unlessAbove: least)
      if isSmaller == true { return .dictionary }
    }
    return frame.count < bytes.byteCount ? .zstd : .raw
  }

  /// The same for the bytes of a buffer.
  func encode(
    _ buffer: borrowing ByteBuffer, by plan: ReferencePlan, into frame: inout ByteBuffer
  ) -> ChunkEncoding? {
    encode(buffer.bytes, by: plan, into: &frame)
  }

  /// The same for a chunk that an encoder planned.
  package func encode(
    _ buffer: borrowing ByteBuffer, of chunk: PlannedChunk, into frame: inout ByteBuffer
  ) -> ChunkEncoding? {
    encode(buffer.bytes, by: chunk.plan, into: &frame)
  }
}
