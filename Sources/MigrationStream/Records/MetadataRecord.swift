/// A record whose payload is fields.
protocol MetadataRecord {
  static var recordType: RecordType { get }
  /// The tags of version 1.0 are 1 to this one.
  static var lastKnownTag: UInt32 { get }
  /// Those that may come more than once.
  static var repeatableTags: Set<UInt32> { get }
  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError)
  func encode(into fields: inout FieldWriter)
  /// Throws if the values do not fit together; asked when reading and when writing.
  func check(at place: RecordLocation) throws(StreamError)
}

extension MetadataRecord {
  static var repeatableTags: Set<UInt32> { [] }
  func check(at place: RecordLocation) throws(StreamError) {}

  init(parsing payload: RawSpan, at place: RecordLocation) throws(StreamError) {
    var fields = FieldReader(
      payload, at: place, lastKnownTag: Self.lastKnownTag, repeatable: Self.repeatableTags)
    try self.init(parsing: &fields, at: place)
    try check(at: place)
  }
}
