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

  public var template: CapabilityTemplate
  public var placement: Placement
  public var content: CapabilityContent
  /// Where the entry begins.
  public var mark: YAMLMark?
  /// Where its `at` stands.
  public var placementMark: YAMLMark?

  public init(
    _ template: CapabilityTemplate, at placement: Placement, content: CapabilityContent? = nil,
    mark: YAMLMark? = nil, placementMark: YAMLMark? = nil
  ) {
    self.template = template
    self.placement = placement
    self.content = content ?? CapabilityContent(version: template.defaultVersion)
    self.mark = mark
    self.placementMark = placementMark
  }

  public var id: CapabilityID { template.id }
  public var byteCount: Int { template.byteCount(content) }
}
