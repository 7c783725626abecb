public import PCIConfig

/// The configuration space of an instance type, fixed by its operator: what a guest sees on every host of a fleet.
///
/// A profile says which capabilities there are and where; what it leaves out has the defaults of
/// `CapabilityTemplate`, each with its source. ``ProfileLayout`` lays it out byte by byte.
public struct Profile: Sendable {
  public var name: String
  /// Free text for people.
  public var note: String?
  /// The digest of the layout that the profile had when it was frozen.
  public var digest: String?
  /// Whether the devices are virtual functions, whose Memory Enable is not theirs and which have no interrupt pin.
  public var isVirtualFunction: Bool
  public var identity: ProfileIdentity
  public var isMultiFunction: Bool
  /// 0 for none, 1 to 4 for INTA to INTD.
  public var interruptPin: UInt8
  public var bars: [ProfileBAR]
  /// The size of the expansion ROM; nil for none.
  public var romSize: UInt64?
  /// Standard and extended ones.
  public var capabilities: [ProfileCapability]
  public var registers: [ProfileRegister]

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

  public var isExpress: Bool { first(.pciExpress) != nil }
  /// 4096 with PCI Express, 256 without (PCIe 7.2).
  public var byteCount: Int { isExpress ? 4096 : 256 }
}
