/// The bounds of a run.
public struct ConformanceOptions: Sendable, Hashable {
  /// Whether checks run that may cost a device its state: those that load damaged state, or reset,
  /// open or close the device in another state than RUNNING.
  public var allowsDestruction = false
  /// What damage and pieces are drawn by.
  public var seed: UInt64 = 0
  /// The most ways in which one check damages a state.
  public var trialLimit = 256
  /// The most bytes that one check writes into a device.
  public var writeByteLimit: UInt64 = 256 << 20
  /// The largest state that is kept in memory; what needs a larger one is not run.
  public var stateByteLimit = 256 << 20
  /// States of other devices, which the device must refuse or survive.
  public var otherStates: [ForeignState] = []
  /// The longest that a device may take for a state before it is noted.
  public var arcTimeLimit = Duration.seconds(1)
  /// The most findings of one check; behind them it ends.
  public var findingLimit = 16

  /// Bounds of 256 ways of damage, 256 MiB of state and 1 s for an arc; nothing destructive.
  public init() {}
}
