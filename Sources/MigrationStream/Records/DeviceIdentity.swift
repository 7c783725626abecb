/// What a device is: enough to find a target that may take its state.
public struct DeviceIdentity: Sendable, Hashable {
  /// The name that the operator or the host knows the device by: a PCI address, a UUID, a label.
  public var name: String?
  /// The kernel driver that handed the state out, as `/sys/bus/…/driver` names it.
  public var driver: String?
  /// The ids of a PCI function; nil for other devices.
  public var pci: PCIIdentity?
  /// The bits of `VFIO_DEVICE_FEATURE_MIGRATION`: STOP_COPY 1, P2P 2, PRE_COPY 4.
  public var migrationFlags: UInt64?
  /// The driver's estimate of `VFIO_DEVICE_FEATURE_MIG_DATA_SIZE`, in bytes.
  public var stopCopyByteCount: UInt64?
  /// The regions of `VFIO_DEVICE_GET_REGION_INFO`.
  public var regions: [Region] = []
  /// The digest of the dictionary that the device's chunks may be coded with.
  public var dictionary: Digest?
  /// What was so while the state was taken, as far as it bears on its use; nil if nobody says.
  public var circumstances: Circumstances?
  /// Optional fields of later versions, kept so that a copy has them too.
  public var unknownFields: UnknownFields = []

  /// What was so while a device's state was taken.
  public struct Circumstances: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The guest's processors ran, so that its memory does not fit the state: good to look at, not
    /// to resume.
    public static var guestRan: Self { Self(rawValue: 1) }
  }

  /// The identity in a function's configuration space.
  public struct PCIIdentity: Sendable, Hashable {
    /// The vendor ID, of a virtual function too.
    public var vendorID: UInt16
    /// The device ID, of a virtual function too.
    public var deviceID: UInt16
    /// The subsystem's vendor ID, if it is known.
    public var subsystemVendorID: UInt16?
    /// The subsystem ID, if it is known.
    public var subsystemID: UInt16?
    /// Base class, sub-class and programming interface: 24 bits.
    public var classCode: UInt32?
    /// The revision, if it is known.
    public var revisionID: UInt8?

    /// The ids by which a driver is chosen.
    public init(
      vendorID: UInt16, deviceID: UInt16, subsystemVendorID: UInt16? = nil,
      subsystemID: UInt16? = nil, classCode: UInt32? = nil, revisionID: UInt8? = nil
    ) {
      self.vendorID = vendorID
      self.deviceID = deviceID
      self.subsystemVendorID = subsystemVendorID
      self.subsystemID = subsystemID
      self.classCode = classCode
      self.revisionID = revisionID
    }
  }

  /// One region of a VFIO device.
  public struct Region: Sendable, Hashable {
    /// The region's number (VFIO_PCI_BAR0_REGION_INDEX and on).
    public var index: UInt32
    /// `VFIO_REGION_INFO_FLAG_…`.
    public var flags: UInt32
    /// The size of the region in bytes.
    public var byteCount: UInt64
    /// Optional fields of later versions, kept so that a copy has them too.
    public var unknownFields: UnknownFields = []

    /// A region as VFIO_DEVICE_GET_REGION_INFO describes it.
    public init(index: UInt32, flags: UInt32, byteCount: UInt64) {
      self.index = index
      self.flags = flags
      self.byteCount = byteCount
    }
  }

  /// The name of a driver's module: sysfs may spell a driver with hyphens, and no module has any.
  package static func moduleName(ofDriver name: String) -> String {
    String(name.map { $0 == "-" ? "_" : $0 })
  }

  /// Whether both names are of one driver.
  package static func isSameDriver(_ name: String, _ other: String) -> Bool {
    moduleName(ofDriver: name) == moduleName(ofDriver: other)
  }

  /// The identity of a device; what is nil is not known.
  public init(name: String? = nil, driver: String? = nil, pci: PCIIdentity? = nil) {
    self.name = name
    self.driver = driver
    self.pci = pci
  }
}

extension DeviceIdentity: MetadataRecord {
  static var recordType: RecordType { .deviceIdentity }
  static var lastKnownTag: UInt32 { 10 }
  static var repeatableTags: Set<UInt32> { [8] }

  init(parsing fields: inout FieldReader, at place: RecordLocation) throws(StreamError) {
    while let field = try fields.next() {
      switch field.tag {
      case 1: name = try field.string()
      case 2: driver = try field.string()
      case 3:
        let ids = try field.fixed(UInt16.self, count: 2)
        pci = PCIIdentity(vendorID: ids[0], deviceID: ids[1])
      case 4:
        let ids = try field.fixed(UInt16.self, count: 2)
        guard pci != nil else { throw field.malformed(expected: "the PCI ids before") }
        pci?.subsystemVendorID = ids[0]
        pci?.subsystemID = ids[1]
      case 5:
        let value = try field.fixed(UInt32.self, count: 1)[0]
        guard pci != nil else { throw field.malformed(expected: "the PCI ids before") }
        pci?.classCode = value >> 8
        pci?.revisionID = UInt8(truncatingIfNeeded: value)
      case 6: migrationFlags = try field.integer(UInt64.self)
      case 7: stopCopyByteCount = try field.integer(UInt64.self)
      case 8: regions.append(try Region(parsing: field))
      case 9: dictionary = try Digest(parsing: field)
      case 10: circumstances = Circumstances(rawValue: try field.integer(UInt64.self))
      default: unknownFields.append(try field.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    if let name { fields.string(1, name) }
    if let driver { fields.string(2, driver) }
    if let pci {
      fields.fixed(3, pci.vendorID, pci.deviceID)
      if let vendor = pci.subsystemVendorID, let device = pci.subsystemID {
        fields.fixed(4, vendor, device)
      }
      if let classCode = pci.classCode {
        fields.fixed(5, classCode << 8 | UInt32(pci.revisionID ?? 0))
      }
    }
    if let migrationFlags { fields.integer(6, migrationFlags) }
    if let stopCopyByteCount { fields.integer(7, stopCopyByteCount) }
    for region in regions { region.encode(into: &fields) }
    if let dictionary { fields.bytes(9, dictionary.encoded) }
    if let circumstances { fields.integer(10, circumstances.rawValue) }
    fields.unknown(unknownFields)
  }
}

extension DeviceIdentity.Region {
  init(parsing field: FieldReader.Field) throws(StreamError) {
    self.init(index: 0, flags: 0, byteCount: 0)
    var parts = field.fields(lastKnownTag: 3)
    while let part = try parts.next() {
      switch part.tag {
      case 1: index = try part.integer(UInt32.self)
      case 2: flags = try part.integer(UInt32.self)
      case 3: byteCount = try part.integer(UInt64.self)
      default: unknownFields.append(try part.unknown())
      }
    }
  }

  func encode(into fields: inout FieldWriter) {
    fields.fields(8) { inner in
      inner.integer(1, index)
      inner.integer(2, flags)
      inner.integer(3, byteCount)
      inner.unknown(unknownFields)
    }
  }
}
