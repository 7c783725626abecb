import ByteIO

/// A block of the index: some chunks, and where the block before it is.
///
/// Blocks lie in the stream as they fill, so neither side ever holds the whole index.
public struct IndexBlock: Sendable, Hashable {
  /// Where the block before this one begins; nil in the first.
  public var previousOffset: UInt64?
  /// The encoded entries, 48 bytes each, in the order of their records.
  public var entryBytes: [UInt8]
  public var unknownFields: [MetadataField] = []

  public init(previousOffset: UInt64?, entryBytes: [UInt8]) {
    self.previousOffset = previousOffset
    self.entryBytes = entryBytes
  }

  public var entryCount: Int { entryBytes.count / IndexEntry.byteCount }
}

extension IndexBlock: MetadataRecord {
  static var recordType: RecordType { .index }
  static var lastKnownTag: UInt32 { 2 }

  init(parsing fields: FieldList, at place: RecordPlace) throws(StreamError) {
    self.init(previousOffset: nil, entryBytes: [])
    for field in fields.fields {
      switch field.tag {
      case 1: previousOffset = try field.integer(UInt64.self)
      case 2: entryBytes = field.bytes
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    if let previousOffset { fields.integer(1, previousOffset) }
    if !entryBytes.isEmpty { fields.bytes(2, entryBytes) }
    fields.unknown(unknownFields)
  }

  func check(at place: RecordPlace) throws(StreamError) {
    guard entryBytes.count % IndexEntry.byteCount == 0 else {
      throw place.error(
        .malformedField, expected: "index entries of \(IndexEntry.byteCount) bytes",
        found: "\(entryBytes.count) bytes")
    }
  }
}

extension IndexBlock {
  /// The encoded entry with this number of the block, counted from 0.
  @_lifetime(borrow self)
  package func entry(_ number: Int) -> RawSpan {
    entryBytes.span.raw.extracting(
      number * IndexEntry.byteCount..<(number + 1) * IndexEntry.byteCount)
  }
}
