/// A key of a capability's entry in a profile that names some bits of a register.
public struct CapabilitySetting: Sendable {
  /// How the text becomes bits.
  public enum Form: Sendable {
    /// The number as it is.
    case number(ClosedRange<UInt32>)
    /// A count, stored as one less.
    case count(ClosedRange<UInt32>)
    /// A power of two, stored as its exponent.
    case powerOfTwo(ClosedRange<UInt32>)
    /// `true` or `false`.
    case flag
    /// One of some words.
    case choice([(name: String, value: UInt32)])
    /// `{ bar: N, offset: N }`: the BAR in bits 0 to 2, the offset in the others.
    case place
  }

  /// The key in the profile's YAML.
  public let key: String
  /// The register that the setting is kept in.
  public let register: String
  /// The bits of the register that the setting takes.
  public let bits: UInt32
  /// The way in which the setting is written.
  public let form: Form
  /// Whether a profile must give it.
  public let isRequired: Bool

  init(
    _ key: String, _ register: String, _ bits: UInt32, _ form: Form, isRequired: Bool = false
  ) {
    self.key = key
    self.register = register
    self.bits = bits
    self.form = form
    self.isRequired = isRequired
  }
}

/// What a profile says of one capability, without its place.
public struct CapabilityContent: Sendable, Hashable {
  /// The version in the header of an extended capability, or in the register of Power Management
  /// and PCI Express.
  public var version: Int
  /// The registers that the profile gives, complete; the others have their policy's value.
  public var values: [String: UInt32]
  /// The bytes behind the header of a capability that is kept as bytes.
  public var bytes: [UInt8]
  /// Whether the profile also has a PASID capability, on which registers of others depend.
  public var hasPASID: Bool
  /// Whether registers without a value have the defaults of profiles that were frozen before
  /// Extended Fmt went with TLP prefixes.
  public var hasFirstDefaults = false

  /// A setting that a profile may give under `key`.
  public init(
    version: Int, values: [String: UInt32] = [:], bytes: [UInt8] = [], hasPASID: Bool = false
  ) {
    self.version = version
    self.values = values
    self.bytes = bytes
    self.hasPASID = hasPASID
  }
}
