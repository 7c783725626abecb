public import PCIConfig

/// One kind of capability as profiles can carry it: its keys, its registers and their defaults.
///
/// A template is data. The same table lays a profile out, explains it, derives it from devices and checks devices
/// against it.
public struct CapabilityTemplate: Sendable {
  /// What `check` makes of a device that lacks the capability.
  public enum Presence: Sendable, Hashable {
    /// A guest that uses it needs the device's help.
    case required
    /// Wholly the VMM's; a device need not have it, for this reason.
    case synthetic(String)
  }

  /// The `id` that profiles use.
  public let key: String
  public let id: CapabilityID
  public let defaultVersion: Int
  /// The register that holds the version of a standard capability that has one.
  public let versionBits: (register: String, bits: UInt32)?
  /// What a guest loses without it.
  public let purpose: String
  public let presence: Presence
  public let settings: [CapabilitySetting]
  /// Whether the profile gives the bytes behind the header, rather than registers.
  public let holdsBytes: Bool
  public let registers: @Sendable (CapabilityContent) -> [RegisterTemplate]
  /// The number of bytes, header included.
  public let byteCount: @Sendable (CapabilityContent) -> Int

  init(
    _ key: String, _ id: CapabilityID, version defaultVersion: Int = 1,
    versionBits: (register: String, bits: UInt32)? = nil, purpose: String,
    presence: Presence = .required, settings: [CapabilitySetting] = [], holdsBytes: Bool = false,
    byteCount: @escaping @Sendable (CapabilityContent) -> Int,
    registers: @escaping @Sendable (CapabilityContent) -> [RegisterTemplate]
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

  /// The number of bytes of the header: id and next pointer, or the dword of an extended capability.
  public var headerByteCount: Int { id.isExtended ? 4 : 2 }

  /// The value of `register` for `content`.
  func value(of register: RegisterTemplate, in content: CapabilityContent) -> UInt32 {
    var value = content.values[register.name] ?? register.reset
    if let versionBits, versionBits.register == register.name {
      value = value & ~versionBits.bits
      value |= UInt32(truncatingIfNeeded: content.version).placed(in: versionBits.bits)
    }
    return value & register.mask
  }
}
