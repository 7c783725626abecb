import ByteIO
import FuzzSupport
import MigrationStream

/// Puts the content of `stream`, which must have been accepted, through the encoder and holds the
/// result against it.
func checkThatItComesBack(_ stream: [UInt8]) {
  do throws(StreamError) {
    let original = try content(of: stream)
    let repeated = try content(of: reencoded(stream))
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

/// What `stream` says, without what only its coding decides.
private func content(of stream: [UInt8]) throws(StreamError) -> Content {
  var content = Content()
  var decoder = StreamDecoder()
  var input = stream.span.raw
  while let record = try decoder.next(&input) {
    switch record {
    case .summary(let summary, let device):
      content.counts[device] = [summary.byteCount, summary.chunkCount]
    case .chunk:
      content.records.append(record)
      content.checksums.append(CRC32C.checksum(of: try decoder.chunkBytes()))
    case .end, .index: break
    default: content.records.append(record)
    }
  }
  try decoder.finish()
  return content
}
