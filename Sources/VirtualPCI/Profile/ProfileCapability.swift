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

  /// The rules by which the capability's registers are shown.
  public var policy: CapabilityPolicy
  /// The place that the profile asks for.
  public var placement: Placement
  /// The settings of the capability.
  public var content: CapabilityContent
  /// Where the entry begins.
  public var mark: YAMLMark?
  /// Where its `at` stands.
  public var placementMark: YAMLMark?

  /// A capability of a profile.
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

  /// The capability's number.
  public var id: CapabilityID { policy.id }
  /// The bytes that the capability takes, its header included.
  public var byteCount: Int { policy.byteCount(content) }
}
