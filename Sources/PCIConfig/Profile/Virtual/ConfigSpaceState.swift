/// A virtual configuration space at one moment: the parts of a stream's configuration record.
public struct ConfigSpaceState: Sendable, Hashable {
  /// What the guest sees.
  public var synthesized: [UInt8]
  /// For each bit of `synthesized`, whether the VMM serves it (1) or the device (0).
  public var emulatedBits: [UInt8]
  public var profileName: String?
  /// As ``ProfileLayout/digest``.
  public var profileDigest: String?

  public init(
    synthesized: [UInt8], emulatedBits: [UInt8], profileName: String? = nil,
    profileDigest: String? = nil
  ) {
    self.synthesized = synthesized
    self.emulatedBits = emulatedBits
    self.profileName = profileName
    self.profileDigest = profileDigest
  }
}
