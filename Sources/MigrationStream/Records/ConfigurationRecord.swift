/// The configuration space of a device, as it is and as its guest sees it; every part is optional.
public struct ConfigurationRecord: Sendable, Hashable {
  /// A configuration space has at most this many bytes (PCI Express Base Specification 7.2.2).
  public static let maximumByteCount = 4096

  /// What the device's configuration region reads; any number of bytes up to 4096 (mtty's region
  /// has 255).
  public var physical: [UInt8]?
  /// What the guest was shown.
  public var synthesized: [UInt8]?
  /// For each bit of `synthesized`, whether the VMM serves it (1) or the device (0).
  public var emulatedBits: [UInt8]?
  /// The vPCI profile that `synthesized` follows.
  public var profileName: String?
  /// The digest of the profile's layout, if the guest was shown a profile.
  public var profileDigest: Digest?
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// The configuration space of a device; what is nil is not in the record.
  public init(
    physical: [UInt8]? = nil, synthesized: [UInt8]? = nil, emulatedBits: [UInt8]? = nil,
    profileName: String? = nil, profileDigest: Digest? = nil
  ) {
    self.physical = physical
    self.synthesized = synthesized
    self.emulatedBits = emulatedBits
    self.profileName = profileName
    self.profileDigest = profileDigest
  }
}

extension ConfigurationRecord: MetadataRecord {
  static var recordType: RecordType { .configurationSpace }
  static var lastKnownTag: UInt32 { 5 }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    while let field = try fields.next() {
      switch field.tag {
      case 1: physical = field.bytes
      case 2: synthesized = field.bytes
      case 3: emulatedBits = field.bytes
      case 4: profileName = try field.string()
      case 5: profileDigest = try Digest(parsing: field)
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    if let physical { fields.bytes(1, physical) }
    if let synthesized { fields.bytes(2, synthesized) }
    if let emulatedBits { fields.bytes(3, emulatedBits) }
    if let profileName { fields.string(4, profileName) }
    if let profileDigest { fields.bytes(5, profileDigest.encoded) }
    fields.unknown(unknownFields)
  }

  func check(at place: RecordLocation) throws(StreamError) {
    for image in [physical, synthesized, emulatedBits] {
      guard let image else { continue }
      guard (1...Self.maximumByteCount).contains(image.count) else {
        throw place.error(
          .malformedField, expected: "a configuration space of 1 to 4096 bytes",
          found: "\(image.count) bytes")
      }
    }
    guard emulatedBits == nil || emulatedBits?.count == synthesized?.count else {
      throw place.error(
        .malformedField, expected: "a mask as long as the synthesised space",
        found: "\(emulatedBits?.count ?? 0) bytes for \(synthesized?.count ?? 0)")
    }
  }
}
