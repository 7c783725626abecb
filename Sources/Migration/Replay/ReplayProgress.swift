/// How far a replay has come.
public struct ReplayProgress: Sendable, Hashable {
  /// What a replay is at.
  public enum Phase: Sendable, Hashable, CaseIterable {
    /// Holding the targets against the stream.
    case checking
    /// Reading the stream to its end, without giving state to anybody.
    case verifying
    /// Giving state to the targets.
    case writing
  }

  /// What the replay is at.
  public var phase: Phase
  /// State bytes that were read of the stream, or that the targets took.
  public var byteCount: UInt64
  /// What the drivers of the source estimated of the whole, if they did.
  public var expectedByteCount: UInt64?
}
