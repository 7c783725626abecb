import ByteIO
import FuzzSupport
import MigrationStream

/// Puts the content of `stream`, which must have been accepted, through the encoder and holds the result against it.
func checkThatItComesBack(_ stream: [UInt8]) {
  do throws(StreamError) {
    var copy: [UInt8] = []
    let original = try content(of: stream) {
      (record, decoder, encoder) throws(StreamError) in
      copy += try encoded(record, &decoder, &encoder)
    }
    let repeated = try content(of: copy)
    require(original == repeated, "a copy says \(repeated), the stream said \(original)")
  } catch {
    require(false, "an accepted stream was refused after a copy: \(error)")
  }
}

private struct Content: Hashable {
  var records: [Record] = []
  /// Byte and chunk counts of the devices by their number, as their summaries give them.
  var counts: [UInt16: [UInt64]] = [:]
  var checksums: [UInt32] = []
}

/// What `stream` says, without what only its coding decides; `body` sees each record on the way.
private func content(
  of stream: [UInt8],
  _ body: (Record, inout StreamDecoder, inout StreamEncoder) throws(StreamError) -> Void = {
    _, _, _ in
  }
) throws(StreamError) -> Content {
  var content = Content()
  var decoder = StreamDecoder()
  var input = stream.span.raw
  var encoder: StreamEncoder?
  while let record = try decoder.next(&input) {
    if encoder == nil, var header = decoder.header {
      // A copy may need more room than the original: digests, full index blocks.
      header.limits.metadataByteCount = 4 << 20
      encoder = try StreamEncoder(header, compression: .zstd(level: 1))
    }
    switch record {
    case .summary(let summary, let device):
      content.counts[device] = [summary.byteCount, summary.chunkCount]
    case .chunk:
      content.records.append(record)
      content.checksums.append(CRC32C.checksum(of: try decoder.chunkBytes()))
    case .end, .index: break
    default: content.records.append(record)
    }
    if encoder != nil { try body(record, &decoder, &encoder!) }
  }
  try decoder.finish()
  return content
}

/// What `encoder` makes of a record that `decoder` gave.
private func encoded(
  _ record: Record, _ decoder: inout StreamDecoder, _ encoder: inout StreamEncoder
) throws(StreamError) -> [UInt8] {
  switch record {
  case .chunk(let chunk):
    bytes(
      try encoder.chunk(
        try decoder.chunkBytes(), device: chunk.device, context: chunk.context))
  case .end: bytes(try encoder.finish())
  default: bytes(try encoder.write(record))
  }
}

private func bytes(_ encoded: borrowing EncodedBytes) -> [UInt8] {
  [UInt8](encoded.head) + [UInt8](encoded.body)
}
