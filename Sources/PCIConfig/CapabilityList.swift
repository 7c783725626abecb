/// The capabilities of a space in the order of its lists, and what was wrong with the lists.
public struct CapabilityList: Sendable, Hashable {
  /// Standard capabilities, then extended ones, each in the order of its list.
  public let capabilities: [Capability]
  /// Why a walk stopped early, and other contradictions, in the order of discovery.
  public let findings: [ConfigSpaceFinding]

  /// The first capability with this id.
  public func first(_ id: CapabilityID) -> Capability? {
    capabilities.first { $0.id == id }
  }

  /// Every capability with this id, in the order of the list.
  public func all(_ id: CapabilityID) -> [Capability] {
    capabilities.filter { $0.id == id }
  }
}
