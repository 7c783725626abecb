package import ByteIO

/// Turns a chunk's payload back into state bytes.
package struct ChunkDecoder: ~Copyable {
  private var decompressor: ZstdDecompressor?
  private var output = ByteBuffer()

  package init() {
    decompressor = nil
  }

  /// The state bytes of the chunk decoded last, given its header and payload, which hold them if
  /// they are stored raw.
  @_lifetime(borrow self, copy payload)
  package func bytes(of header: RecordHeader, payload: RawSpan) -> RawSpan {
    header.encoding == .raw
      ? payload.extracting(droppingFirst: StateChunk.headByteCount) : output.bytes
  }

  /// Swaps the memory that the state bytes of the chunk decoded last are in with `buffer`'s.
  package mutating func exchangeOutput(_ buffer: inout ByteBuffer) { swap(&output, &buffer) }

  /// A copy of the state bytes of the chunk decoded last, of just their size: the decoder's own
  /// memory has that of the largest.
  func copiedOutput() -> ByteBuffer {
    var copy = ByteBuffer(capacity: output.count)
    copy.append(output.bytes)
    return copy
  }

  /// The same for a payload in a buffer.
  package mutating func decode(
    _ header: RecordHeader, in buffer: borrowing ByteBuffer, _ range: Range<Int>,
    after basis: ChunkReference<ReferenceChunk>? = nil, at offset: UInt64
  ) throws(StreamError) {
    try decode(header, payload: buffer.bytes.extracting(range), after: basis, at: offset)
  }

  /// Decodes the chunk with this header and payload; `bytes(of:payload:)` then has its state bytes.
  ///
  /// `offset` is where the payload begins in the stream; `basis` is what it is coded against.
  /// Throws `corruptChunk`, or `compression` if memory is short.
  package mutating func decode(
    _ header: RecordHeader, payload: RawSpan, after basis: ChunkReference<ReferenceChunk>? = nil,
    at offset: UInt64
  ) throws(StreamError) {
    if case .kept(let chunk) = basis { try chunk.load(with: &self) }
    let place = RecordLocation(header, payloadOffset: offset)
    let body = payload.extracting(droppingFirst: StateChunk.headByteCount)
    let count = Int(header.rawByteCount)
    if header.encoding == .raw { return }
    output.removeAll()
    output.reserve(count)
    if header.encoding == .fill {
      output.append(repeating: body[byte: 0], count: count)
      return
    }
    if decompressor == nil {
      guard let context = ZstdDecompressor() else {
        throw place.error(.compression, expected: "memory for a zstd context", found: "none")
      }
      decompressor = consume context
    }
    if case .missing(let digest) = basis {
      throw place.error(
        .missingDictionary, expected: "a dictionary that this version has", found: "\(digest)")
    }
    let defect = decompress(body, after: basis, byteCount: count)
    guard defect == nil, output.count == count else {
      throw place.error(
        .corruptChunk, at: offset + UInt64(StateChunk.headByteCount),
        expected: "a zstd frame of \(count) bytes",
        found: defect ?? "one of \(output.count) bytes")
    }
  }

  private mutating func decompress(
    _ frame: RawSpan, after basis: ChunkReference<ReferenceChunk>?, byteCount: Int
  ) -> String? {
    switch basis {
    case nil, .missing:
      return decompressor?.decompress(
        frame, after: RawSpan(), byteCount: byteCount, into: &output) ?? nil
    case .kept(let chunk):
      return chunk.withBytes { kept in
        decompressor?.decompress(
          frame, after: kept.bytes, byteCount: byteCount, into: &output) ?? nil
      }
    case .dictionary(let dictionary):
      return decompressor?.decompress(
        frame, with: dictionary.bytes.span.raw, byteCount: byteCount, into: &output) ?? nil
    }
  }
}
