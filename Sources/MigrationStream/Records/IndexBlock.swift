import ByteIO

/// A block of the index: some chunks, and where the block before it is.
///
/// Blocks lie in the stream as they fill, so neither side ever holds the whole index.
public struct IndexBlock: Sendable, Hashable {
  /// Where the block before this one begins; nil in the first.
  public var previousOffset: UInt64?
  /// The encoded entries, 48 bytes each, in the order of their records.
  public var entryBytes: [UInt8]
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// A block of entries, each of `IndexEntry.byteCount` bytes.
  public init(previousOffset: UInt64?, entryBytes: [UInt8]) {
    self.previousOffset = previousOffset
    self.entryBytes = entryBytes
  }

  /// The number of chunks that the block names.
  public var entryCount: Int { entryBytes.count / IndexEntry.byteCount }
}

extension IndexBlock: MetadataRecord {
  static var recordType: RecordType { .index }
  static var lastKnownTag: UInt32 { 2 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    self.init(previousOffset: nil, entryBytes: [])
    while let field = try fields.next() {
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

  func check(at place: RecordLocation) throws(StreamError) {
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
