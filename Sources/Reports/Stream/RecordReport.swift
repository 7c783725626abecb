public import ByteIO
import MigrationStream
public import StreamIO

/// A record of a stream in its place (`ferry inspect --records`).
public struct RecordReport: Report {
  /// The record.
  public let record: ScannedRecord
  /// Its header and the first bytes of its payload, if they are to be shown.
  public let bytes: [UInt8]?

  /// A report on `record`, with its `bytes` if they are given.
  public init(_ record: ScannedRecord, bytes: [UInt8]? = nil) {
    self.record = record
    self.bytes = bytes
  }

  /// A record of `archive`, if `hasBytes` with its header and the first bytes of its payload.
  public init(
    _ record: ScannedRecord, in archive: borrowing StreamArchive, hasBytes: Bool
  ) throws(StreamIOError) {
    let payload = min(Int(record.header.storedByteCount), Self.shownPayloadByteCount)
    self.init(
      record,
      bytes: hasBytes
        ? try archive.bytes(at: record.offset, count: RecordHeader.byteCount + payload) : nil)
  }

  /// The names of the columns.
  public static let heading =
    "      offset  record  type                device       state         raw      stored  coding"

  // How many bytes of the payload are shown.
  private static let shownPayloadByteCount = 256

  /// A line, and its bytes below it.
  public var text: String {
    guard let bytes else { return line }
    return ([line] + rows(bytes)).joined(separator: "\n")
  }

  private var line: String {
    let header = record.header
    var parts = [
      "\(record.offset)".leading(12), "\(header.sequence)".leading(6),
      "\(header.type)".padded(to: 18),
      (header.deviceNumber.map { "\($0)" } ?? "-").leading(6),
    ]
    guard case .chunk(let chunk) = record.content else {
      parts += ["".leading(10), "".leading(10), "\(header.storedByteCount)".leading(10)]
      return parts.joined(separator: "  ")
    }
    parts += [
      "\(chunk.stateOffset)".leading(10), "\(chunk.byteCount)".leading(10),
      "\(header.storedByteCount)".leading(10), "\(header.encoding)", "\(chunk.context)",
    ]
    switch chunk.dependency {
    case .none: break
    case .kept: parts[parts.count - 1] += ", kept"
    case .reference: parts[parts.count - 1] += ", against record \(referenced ?? 0)"
    }
    return parts.joined(separator: "  ")
  }

  /// The record that the chunk is coded against.
  private var referenced: Int64? {
    guard case .chunk(let chunk) = record.content, case .reference(let distance) = chunk.dependency
    else { return nil }
    return Int64(record.header.sequence) - Int64(distance)
  }

  private func rows(_ bytes: [UInt8]) -> [String] {
    var rows = stride(from: 0, to: bytes.count, by: 16).map { start in
      let row = bytes[start..<min(start + 16, bytes.count)]
      let characters = row.map { (0x20..<0x7f).contains($0) ? Character(Unicode.Scalar($0)) : "." }
      return "\(record.offset + UInt64(start))".leading(12) + "  "
        + hex(row, separator: " ").padded(to: 47) + "  " + String(characters)
    }
    let rest = Int(record.header.storedByteCount) - Self.shownPayloadByteCount
    if rest > 0 { rows.append("".leading(14) + "(\(QuantityText.count(rest, "more byte")))") }
    return rows
  }

  /// The record's header, and of a chunk its place in the state and what it is coded against.
  public var json: JSONValue {
    let header = record.header
    var chunk: StateChunk?
    if case .chunk(let content) = record.content { chunk = content }
    return [
      "offset": .number(record.offset), "record": .number(header.sequence),
      "type": .string("\(header.type)"), "device": .optional(header.deviceNumber),
      "storedBytes": .number(header.storedByteCount),
      "stateOffset": chunk.map { .number($0.stateOffset) },
      "stateBytes": chunk.map { .number($0.byteCount) },
      "encoding": chunk.map { _ in .string("\(header.encoding)") },
      "context": chunk.map { .string("\($0.context)") },
      "kept": chunk.map { .bool($0.dependency == .kept) },
      "reference": referenced.map { .number($0) }, "bytes": bytes.map { .string(hex($0)) },
    ]
  }
}
