/// How a replay goes about its work.
public struct ReplayOptions: Sendable, Hashable {
  /// What of the stream is restored.
  public var parts = ReplayParts.all
  /// Whether several targets may be restored though not all can be kept from reaching into each
  /// other.
  public var allowsMissingP2P = false
  /// Whether targets are given state in which its layout found an error.
  public var allowsUnsoundState = false

  /// Whether what could not be checked is held against a target.
  public var isStrict = false

  /// Everything, onto targets of which nothing is let pass.
  public init() {}
}
