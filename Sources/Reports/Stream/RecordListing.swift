import ByteIO
import MigrationStream
import StreamIO

/// A line for each record, and its bytes.
enum RecordListing {
  private static let shownPayload = 256

  static let heading =
    "      offset  record  type                device       state         raw      stored  coding"

  static func line(_ record: ScannedRecord) -> String {
    let header = record.header
    var parts = [
      "\(record.offset)".leading(12), "\(header.sequence)".leading(6),
      "\(header.type)".padded(to: 18),
      (header.deviceNumber.map { "\($0)" } ?? "-").leading(6),
    ]
    guard case .chunk(let chunk) = record.content else {
      parts += ["".leading(10), "".leading(10), "\(header.storedByteCount)".leading(10)]
      return parts.joined(separator: "  ").trimmed
    }
    parts += [
      "\(chunk.stateOffset)".leading(10), "\(chunk.byteCount)".leading(10),
      "\(header.storedByteCount)".leading(10), "\(header.encoding)", "\(chunk.context)",
    ]
    switch chunk.dependency {
    case .none: break
    case .kept: parts[parts.count - 1] += ", kept"
    case .reference(let distance):
      parts[parts.count - 1] += ", against record \(Int64(header.sequence) - Int64(distance))"
    }
    return parts.joined(separator: "  ")
  }

  /// The record's header and the first bytes of its payload.
  static func bytes(of record: ScannedRecord, in archive: borrowing StreamArchive) throws -> String
  {
    let count = RecordHeader.byteCount + min(Int(record.header.storedByteCount), shownPayload)
    let bytes = try archive.bytes(at: record.offset, count: count)
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 16) {
      let row = bytes[start..<min(start + 16, bytes.count)]
      let digits = hex(row, separator: " ")
      let characters = row.map { (0x20..<0x7f).contains($0) ? Character(Unicode.Scalar($0)) : "." }
      text += "\(record.offset + UInt64(start))".leading(12) + "  " + digits.padded(to: 47)
      text += "  " + String(characters) + "\n"
    }
    let rest = Int(record.header.storedByteCount) - shownPayload
    if rest > 0 { text += "".leading(14) + "(\(QuantityText.count(rest, "more byte")))\n" }
    return text
  }
}

extension String {
  func leading(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
