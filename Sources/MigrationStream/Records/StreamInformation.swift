/// Who wrote a stream, and where its content comes from.
public struct StreamInformation: Sendable, Hashable {
  /// The program that wrote the stream, with its version.
  public var producer: String?
  /// The kernel whose drivers handed the state out, as `uname -r` prints it.
  public var kernelRelease: String?
  /// The machine that kernel ran on, as `uname -m` prints it.
  public var machine: String?
  /// When the stream was begun, in seconds since 1970-01-01 UTC.
  public var time: UInt64?
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// Facts about the stream as a whole; what is nil is left out.
  public init(
    producer: String? = nil, kernelRelease: String? = nil, machine: String? = nil,
    time: UInt64? = nil
  ) {
    self.producer = producer
    self.kernelRelease = kernelRelease
    self.machine = machine
    self.time = time
  }
}

extension StreamInformation: MetadataRecord {
  static var recordType: RecordType { .streamInformation }
  static var lastKnownTag: UInt32 { 4 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    while let field = try fields.next() {
      switch field.tag {
      case 1: producer = try field.string()
      case 2: kernelRelease = try field.string()
      case 3: machine = try field.string()
      case 4: time = try field.integer(UInt64.self)
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    if let producer { fields.string(1, producer) }
    if let kernelRelease { fields.string(2, kernelRelease) }
    if let machine { fields.string(3, machine) }
    if let time { fields.integer(4, time) }
    fields.unknown(unknownFields)
  }
}
