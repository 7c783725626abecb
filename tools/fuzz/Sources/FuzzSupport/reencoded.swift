import ByteIO
public import MigrationStream

/// The content of `stream`, which must have been accepted, as another encoder would store it.
public func reencoded(_ stream: [UInt8]) throws(StreamError) -> [UInt8] {
  var decoder = StreamDecoder()
  var input = stream.span.raw
  var copy: [UInt8] = []
  var encoder: StreamEncoder?
  while let record = try decoder.next(&input) {
    if encoder == nil, var header = decoder.header {
      // A copy may need more room than the original: digests, full index blocks.
      header.limits.metadataByteCount = 4 << 20
      encoder = try StreamEncoder(header, compression: .zstd(level: 1))
    }
    guard encoder != nil else { continue }
    switch record {
    case .chunk(let chunk):
      copy += bytes(
        try encoder!.chunk(try decoder.chunkBytes(), device: chunk.device, context: chunk.context))
    case .end: copy += bytes(try encoder!.finish())
    default: copy += bytes(try encoder!.write(record))
    }
  }
  try decoder.finish()
  return copy
}

private func bytes(_ encoded: borrowing EncodedBytes) -> [UInt8] {
  [UInt8](encoded.head) + [UInt8](encoded.body)
}
