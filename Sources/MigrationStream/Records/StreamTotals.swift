/// The content of the end record: with it the stream's content is complete.
public struct StreamTotals: Sendable, Hashable {
  /// The number of devices.
  public var deviceCount: UInt32
  /// The number of chunks of all devices.
  public var chunkCount: UInt64
  /// State bytes of all devices.
  public var stateByteCount: UInt64
  /// Whether an index block follows; a stream of a few chunks does without an index.
  public var isIndexed: Bool
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// The sums over all devices.
  public init(
    deviceCount: UInt32 = 0, chunkCount: UInt64 = 0, stateByteCount: UInt64 = 0,
    isIndexed: Bool = false
  ) {
    self.isIndexed = isIndexed
    self.deviceCount = deviceCount
    self.chunkCount = chunkCount
    self.stateByteCount = stateByteCount
  }
}

extension StreamTotals: MetadataRecord {
  static var recordType: RecordType { .end }
  static var lastKnownTag: UInt32 { 4 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    self.init()
    while let field = try fields.next() {
      switch field.tag {
      case 1: deviceCount = try field.integer(UInt32.self)
      case 2: chunkCount = try field.integer(UInt64.self)
      case 3: stateByteCount = try field.integer(UInt64.self)
      case 4:
        guard try field.integer(UInt8.self) == 1 else {
          throw field.malformed(expected: "1, or no field", found: "another number")
        }
        isIndexed = true
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    fields.integer(1, deviceCount)
    fields.integer(2, chunkCount)
    fields.integer(3, stateByteCount)
    if isIndexed { fields.integer(4, 1 as UInt8) }
    fields.unknown(unknownFields)
  }
}
