/// How far a replay has come.
public struct ReplayProgress: Sendable, Hashable {
  /// State bytes that the targets took.
  public var byteCount: UInt64
  /// What the drivers of the source estimated of the whole, where they did.
  public var expectedByteCount: UInt64?
}
