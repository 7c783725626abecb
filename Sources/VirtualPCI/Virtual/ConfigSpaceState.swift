/// A virtual configuration space at one moment: the parts of a stream's configuration record.
public struct ConfigSpaceState: Sendable, Hashable {
  /// What the device's own configuration region reads, where somebody has read it.
  public var physical: [UInt8]?
  /// What the guest sees.
  public var synthesized: [UInt8]
  /// For each bit of `synthesized`, whether the VMM serves it (1) or the device (0).
  public var emulatedBits: [UInt8]
  public var profileName: String?
  /// As ``ProfileLayout/digest``.
  public var profileDigest: String?

  public init(
    physical: [UInt8]? = nil, synthesized: [UInt8], emulatedBits: [UInt8],
    profileName: String? = nil,
    profileDigest: String? = nil
  ) {
    self.physical = physical
    self.synthesized = synthesized
    self.emulatedBits = emulatedBits
    self.profileName = profileName
    self.profileDigest = profileDigest
  }
}
