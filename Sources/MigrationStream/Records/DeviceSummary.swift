/// What a device's state amounts to, written after its last chunk.
public struct DeviceSummary: Sendable, Hashable {
  /// The state bytes of all the device's chunks.
  public var byteCount: UInt64
  /// The number of the device's chunks.
  public var chunkCount: UInt64
  /// Over the state bytes in their order, whatever the chunks.
  public var digest: Digest?
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// The sums of a device, with the digest of its state if one was taken.
  public init(byteCount: UInt64, chunkCount: UInt64, digest: Digest?) {
    self.byteCount = byteCount
    self.chunkCount = chunkCount
    self.digest = digest
  }
}

extension DeviceSummary: MetadataRecord {
  static var recordType: RecordType { .deviceSummary }
  static var lastKnownTag: UInt32 { 3 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    self.init(byteCount: 0, chunkCount: 0, digest: nil)
    while let field = try fields.next() {
      switch field.tag {
      case 1: byteCount = try field.integer(UInt64.self)
      case 2: chunkCount = try field.integer(UInt64.self)
      case 3: digest = try Digest(parsing: field)
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    fields.integer(1, byteCount)
    fields.integer(2, chunkCount)
    if let digest { fields.bytes(3, digest.encoded) }
    fields.unknown(unknownFields)
  }
}
