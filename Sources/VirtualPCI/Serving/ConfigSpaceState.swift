public import PCIConfig

/// A virtual configuration space at one moment: the parts of a stream's configuration record.
public struct ConfigSpaceState: Sendable, Hashable {
  /// What the device's own configuration region reads, if somebody has read it.
  public var physical: [UInt8]?
  /// What the guest sees.
  public var synthesized: [UInt8]
  /// For each bit of `synthesized`, whether the VMM serves it (1) or the device (0).
  public var emulatedBits: [UInt8]
  /// The name of the profile that the space was made from.
  public var profileName: String?
  /// As ``ProfileLayout/digest``.
  public var profileDigest: String?

  /// The state of a space that a guest was shown.
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

extension ConfigSpaceState {
  /// The state without anything of the device that it was saved on: what the VMM serves, and the
  /// bits that the guest itself has written to the device. What the guest merely read there is 0.
  ///
  /// Nil if the state is of another profile.
  public func portable(by layout: ProfileLayout) -> ConfigSpaceState? {
    let image = layout.image
    guard profileDigest == layout.digest, synthesized.count == image.byteCount,
      emulatedBits.count == image.byteCount
    else { return nil }
    var state = self
    state.physical = nil
    for index in synthesized.indices {
      let written = image.deviceWritable[index] & ~image.hardwareClear[index]
      state.synthesized[index] &= emulatedBits[index] | written
    }
    return state
  }
}

extension ConfigSpaceState {
  /// What a guest sees of `layout` on a device right after a reset: the VMM's bits as the profile
  /// has them, the device's as they stand in `host`.
  ///
  /// A VMM that has served the guest knows better, and gives what ``VirtualConfigSpace/save()``
  /// does.
  public init(_ layout: ProfileLayout, on host: HostFunction) throws(PCIConfigError) {
    let space = try VirtualConfigSpace(
      layout, at: PhysicalOffsets(of: layout, on: host), on: Snapshot(bytes: host.space.bytes))
    self = space.save()
    physical = host.space.bytes
  }
}

/// Bytes that were read before, for reads alone.
private struct Snapshot: PhysicalConfigAccess {
  let bytes: [UInt8]

  func read(_ offset: Int, byteCount: Int) -> UInt32 {
    guard offset >= 0, offset + byteCount <= bytes.count else { return .max }
    return (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }

  mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {}
}
