/// How a replay goes about its work.
public struct ReplayOptions: Sendable, Hashable {
  public var parts = ReplayParts.all
  /// Whether the targets stay in STOP, with the state of the stream, for somebody else to run.
  public var leavesStopped = false
  /// Whether several targets may be restored though not all can be kept from reaching into each other.
  public var allowsMissingP2P = false
  /// Whether targets are given state in which its layout found an error.
  public var allowsUnsoundState = false

  public init() {}
}
