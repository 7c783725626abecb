/// What a profile says of one capability, without its place.
public struct CapabilityContent: Sendable, Hashable {
  /// The version in the header of an extended capability, or in the register of Power Management and PCI Express.
  public var version: Int
  /// The registers that the profile gives, complete; the others have their template's value.
  public var values: [String: UInt32]
  /// The bytes behind the header of a capability that is kept as bytes.
  public var bytes: [UInt8]
  /// Whether the profile also has a PASID capability, on which registers of others depend.
  public var hasPASID: Bool

  public init(
    version: Int, values: [String: UInt32] = [:], bytes: [UInt8] = [], hasPASID: Bool = false
  ) {
    self.version = version
    self.values = values
    self.bytes = bytes
    self.hasPASID = hasPASID
  }
}
