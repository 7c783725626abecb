public import PCIConfig
public import YAMLReader

/// A capability of a profile, and where it goes.
public struct ProfileCapability: Sendable {
  /// Where a capability's header lies.
  public enum Placement: Sendable, Hashable {
    case at(Int)
    /// In free space, by the rule of `ProfileLayout`.
    case auto
  }

  public var policy: CapabilityPolicy
  public var placement: Placement
  public var content: CapabilityContent
  /// Where the entry begins.
  public var mark: YAMLMark?
  /// Where its `at` stands.
  public var placementMark: YAMLMark?

  public init(
    _ policy: CapabilityPolicy, at placement: Placement, content: CapabilityContent? = nil,
    mark: YAMLMark? = nil, placementMark: YAMLMark? = nil
  ) {
    self.policy = policy
    self.placement = placement
    self.content = content ?? CapabilityContent(version: policy.defaultVersion)
    self.mark = mark
    self.placementMark = placementMark
  }

  public var id: CapabilityID { policy.id }
  public var byteCount: Int { policy.byteCount(content) }
}
