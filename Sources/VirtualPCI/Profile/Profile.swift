public import PCIConfig

/// The configuration space of an instance type, fixed by its operator: what a guest sees on every
/// host of a fleet.
///
/// A profile says which capabilities there are and where; what it leaves out has the defaults of
/// `CapabilityPolicy`, each with its source. ``ProfileLayout`` lays it out byte by byte.
public struct Profile: Sendable {
  /// The name of the instance type's device, such as `nvme-fleet.v1`.
  public var name: String
  /// Free text for people.
  public var note: String?
  /// The digest of the layout that the profile had when it was frozen.
  public var digest: String?
  /// Whether the devices are virtual functions, whose Memory Enable is not theirs and which have no
  /// interrupt pin.
  public var isVirtualFunction: Bool
  /// The ids, class and revision that the guest sees.
  public var identity: ProfileIdentity
  /// Whether the guest sees bit 7 of Header Type set.
  public var isMultiFunction: Bool
  /// 0 for none, 1 to 4 for INTA to INTD.
  public var interruptPin: UInt8
  /// The BARs that the guest sees, at most six registers of them.
  public var bars: [ProfileBAR]
  /// The size of the expansion ROM; nil for none.
  public var romSize: UInt64?
  /// Standard and extended ones.
  public var capabilities: [ProfileCapability]
  /// Registers that the profile fixes one by one, over those of capabilities.
  public var registers: [ProfileRegister]

  /// A profile; laying it out checks it.
  public init(
    name: String, note: String? = nil, digest: String? = nil, isVirtualFunction: Bool = false,
    identity: ProfileIdentity, isMultiFunction: Bool = false, interruptPin: UInt8 = 0,
    bars: [ProfileBAR] = [], romSize: UInt64? = nil, capabilities: [ProfileCapability] = [],
    registers: [ProfileRegister] = []
  ) {
    self.name = name
    self.note = note
    self.digest = digest
    self.isVirtualFunction = isVirtualFunction
    self.identity = identity
    self.isMultiFunction = isMultiFunction
    self.interruptPin = interruptPin
    self.bars = bars
    self.romSize = romSize
    self.capabilities = capabilities
    self.registers = registers
  }

  /// The first capability with this id.
  public func first(_ id: CapabilityID) -> ProfileCapability? {
    capabilities.first { $0.id == id }
  }

  /// Whether the function has a PCI Express capability, and so 4096 bytes.
  public var isExpress: Bool { first(.pciExpress) != nil }
  /// 4096 with PCI Express, 256 without (PCIe 7.2).
  public var byteCount: Int { isExpress ? 4096 : 256 }
}

/// Who a function says it is.
public struct ProfileIdentity: Sendable, Hashable {
  /// The vendor ID.
  public var vendor: UInt16
  /// The device ID.
  public var device: UInt16
  /// The subsystem's vendor ID.
  public var subsystemVendor: UInt16
  /// The subsystem ID.
  public var subsystemDevice: UInt16
  /// 24 bits: base class, subclass, programming interface.
  public var classCode: UInt32
  /// The revision ID.
  public var revision: UInt8

  /// The ids that a guest chooses its driver and its quirks by.
  public init(
    vendor: UInt16, device: UInt16, subsystemVendor: UInt16 = 0, subsystemDevice: UInt16 = 0,
    classCode: UInt32, revision: UInt8 = 0
  ) {
    self.vendor = vendor
    self.device = device
    self.subsystemVendor = subsystemVendor
    self.subsystemDevice = subsystemDevice
    self.classCode = classCode
    self.revision = revision
  }
}
