import ByteIO
public import MigrationStream

/// An encoded stream whose records can be changed and put back under good checksums: what a hostile
/// writer makes.
public struct MutableStream: Sendable {
  public struct Record: Sendable {
    public var header: [UInt8]
    public var payload: [UInt8]

    public var type: UInt8 { header[0] }

    /// Stores an integer in the record header, lowest byte first.
    public mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
      for index in 0..<MemoryLayout<T>.size {
        header[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
      }
    }
  }

  public var streamHeader: [UInt8]
  public var records: [Record] = []
  public var footer: [UInt8]
  /// Bytes after the footer.
  public var trailer: [UInt8] = []
  /// Whether the lengths of headers follow the payloads; off for streams that lie about them.
  public var fixesLengths = true

  public init(_ bytes: [UInt8]) {
    streamHeader = [UInt8](bytes[..<StreamHeader.byteCount])
    var position = StreamHeader.byteCount
    while position < bytes.count - StreamFooter.byteCount {
      let header = [UInt8](bytes[position..<position + 32])
      let count = Int(header.span.raw.little(UInt32.self, at: 20))
      records.append(
        Record(
          header: header, payload: [UInt8](bytes[position + 32..<position + 32 + count])))
      position += 32 + count
    }
    footer = [UInt8](bytes[position...])
  }

  /// The number of the first record of this type.
  public func index(of type: RecordType) -> Int {
    records.firstIndex { $0.type == type.rawValue } ?? 0
  }

  /// The stream with good checksums, and with the numbers of the records in their order unless
  /// `keepsSequence`.
  public func encoded(keepsSequence: Bool = false) -> [UInt8] {
    var bytes = streamHeader
    bytes.replaceSubrange(
      52..<56, with: little(CRC32C.checksum(of: bytes.span.raw.extracting(0..<52))))
    let uuid = [UInt8](bytes[20..<36])
    for (number, record) in records.enumerated() {
      var record = record
      if !keepsSequence { record.set(UInt32(number), at: 4) }
      if fixesLengths {
        record.set(UInt32(record.payload.count), at: 20)
        if record.type != RecordType.stateChunk.rawValue {
          record.set(UInt32(record.payload.count), at: 16)
        }
      }
      record.set(CRC32C.checksum(of: record.payload.span.raw), at: 24)
      let signed = uuid + record.header[..<28]
      record.set(CRC32C.checksum(of: signed.span.raw), at: 28)
      bytes += record.header + record.payload
    }
    var end = footer
    end.replaceSubrange(
      24..<28, with: little(CRC32C.checksum(of: end.span.raw.extracting(0..<24))))
    return bytes + end + trailer
  }

  private func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
