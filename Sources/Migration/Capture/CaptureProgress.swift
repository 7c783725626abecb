/// How far a capture has come.
public struct CaptureProgress: Sendable, Hashable {
  /// The round of pre-copy, counted from 0; nil once the devices are stopped.
  public var iteration: Int?
  /// State bytes read so far.
  public var byteCount: UInt64
  /// Bytes a second, over the round.
  public var rate: Double?
  /// What is left of what there was when the round began, or when the devices were stopped, by the
  /// drivers' estimates.
  public var remainingByteCount: UInt64?
  /// How long the devices would be stopped if they were stopped when the round began.
  public var expectedDowntime: Duration?
}
