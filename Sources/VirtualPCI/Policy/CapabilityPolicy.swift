public import PCIConfig

/// One kind of capability as profiles can carry it: its keys, its registers and their defaults.
///
/// A policy is data. The same table lays a profile out, explains it, derives it from devices and
/// checks devices against it.
public struct CapabilityPolicy: Sendable {
  /// What `check` makes of a device that lacks the capability.
  public enum Presence: Sendable, Hashable {
    /// A guest that uses it needs the device's help.
    case required
    /// Wholly the VMM's; a device need not have it, for this reason.
    case synthetic(String)
  }

  /// The `id` that profiles use.
  public let key: String
  /// The capability that the policy is about.
  public let id: CapabilityID
  /// The version of a profile that names none.
  public let defaultVersion: Int
  /// The register that holds the version of a standard capability that has one.
  public let versionBits: (register: String, bits: UInt32)?
  /// What a guest loses without it.
  public let purpose: String
  /// Whether a device must have the capability too.
  public let presence: Presence
  /// The keys by which a profile sets the capability up.
  public let settings: [CapabilitySetting]
  /// Whether the profile gives the bytes behind the header, rather than registers.
  public let holdsBytes: Bool
  /// The registers of the capability, behind its header, for a content.
  public let registers: @Sendable (CapabilityContent) -> [RegisterPolicy]
  /// The number of bytes, header included.
  public let byteCount: @Sendable (CapabilityContent) -> Int

  init(
    _ key: String, _ id: CapabilityID, version defaultVersion: Int = 1,
    versionBits: (register: String, bits: UInt32)? = nil, purpose: String,
    presence: Presence = .required, settings: [CapabilitySetting] = [], holdsBytes: Bool = false,
    byteCount: @escaping @Sendable (CapabilityContent) -> Int,
    registers: @escaping @Sendable (CapabilityContent) -> [RegisterPolicy]
  ) {
    self.key = key
    self.id = id
    self.defaultVersion = defaultVersion
    self.versionBits = versionBits
    self.purpose = purpose
    self.presence = presence
    self.settings = settings
    self.holdsBytes = holdsBytes
    self.registers = registers
    self.byteCount = byteCount
  }

  /// The number of bytes of the header: id and next pointer, or the dword of an extended
  /// capability.
  public var headerByteCount: Int { id.isExtended ? 4 : 2 }

  /// The value of `register` for `content`.
  func value(of register: RegisterPolicy, in content: CapabilityContent) -> UInt32 {
    var value = content.values[register.name] ?? register.reset
    if let versionBits, versionBits.register == register.name {
      value = value & ~versionBits.bits
      value |= UInt32(truncatingIfNeeded: content.version).placed(in: versionBits.bits)
    }
    return value & register.mask
  }
}

/// A register of a capability as profiles see it: where it lies, its value at reset, and the rules
/// of its bits.
///
/// Bits that no rule names are constant.
public struct RegisterPolicy: Sendable {
  /// The name that profiles use.
  public let name: String
  /// The first byte, counted from the capability's header.
  public let offset: Int
  /// 1, 2 or 4.
  public let byteCount: Int
  /// The value if the profile gives none.
  public internal(set) var reset: UInt32
  /// The rules that hold for the capability as a whole.
  public let rules: [BitRule]
  /// The source for bits that no rule covers.
  public let source: Citation

  /// A policy; its registers may depend on the content of the capability.
  public init(
    _ name: String, at offset: Int, bytes byteCount: Int, reset: UInt32 = 0,
    _ rules: [BitRule] = [], from source: Citation
  ) {
    precondition([1, 2, 4].contains(byteCount), "a register has 1, 2 or 4 bytes")
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.reset = reset
    self.rules = rules
    self.source = source
  }

  /// The bits that a register of this size has.
  var mask: UInt32 { byteCount == 4 ? .max : (1 << UInt32(byteCount * 8)) - 1 }
}

extension CapabilityPolicy {
  /// Every kind that profiles know by name, standard before extended, by number.
  public static let all: [CapabilityPolicy] = [
    .powerManagement, .msi, .vendorSpecific, .pciExpress, .msix, .advancedFeatures,
    .advancedErrorReporting, .deviceSerialNumber, .vendorSpecificExtended, .accessControl,
    .addressTranslation, .pageRequest, .tphRequester, .latencyTolerance, .pasid,
    .l1Substates, .precisionTime, .designatedVendorSpecific,
  ]

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
  private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

  /// The policy whose `id` in profiles is `key`.
  public static func named(_ key: String) -> CapabilityPolicy? { byKey[key] }

  /// The policy for `id`; one that keeps bytes as they are if no table describes the capability.
  public static func policy(for id: CapabilityID) -> CapabilityPolicy {
    byID[id] ?? .opaque(id)
  }

  /// Whether a table describes `id`.
  public static func isKnown(_ id: CapabilityID) -> Bool { byID[id] != nil }
}
