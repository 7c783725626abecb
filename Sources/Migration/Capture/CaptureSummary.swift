public import Devices

/// What a capture did.
public struct CaptureSummary: Sendable, Hashable {
  /// Why the devices were stopped.
  public enum StopReason: String, Sendable, Hashable {
    /// What was left was expected to take no longer than the limit.
    case converged
    case iterationLimit = "iteration-limit"
    case timeLimit = "time-limit"
    /// Nothing was read before.
    case noPreCopy = "no-pre-copy"
  }

  /// A round of pre-copy.
  public struct Iteration: Sendable, Hashable {
    /// The bytes of state that were read in it.
    public var byteCount: UInt64
    /// How long it took.
    public var duration: Duration
    /// What was left behind it; nil if a driver does not tell.
    public var remainingByteCount: UInt64?
    /// Nil if no rate was measured, or nobody knows what is left.
    public var expectedDowntime: Duration?
    /// Whether a driver announced new initial data behind it.
    public var isReinitialized: Bool
  }

  /// What became of one device.
  public struct Device: Sendable, Hashable {
    /// The name that the operator gave it.
    public var name: String
    /// The bytes of state that were read while it ran.
    public var preCopyByteCount: UInt64
    /// The bytes of state that were read once it was stopped.
    public var stopCopyByteCount: UInt64
    /// How long it was in each state.
    public var timeInStates: [MigrationState: Duration]
    /// Whether it was found in a state that a previous user left.
    public var wasReset: Bool
    /// How it was left.
    public var outcome: DeviceOutcome
  }

  /// In the order of their numbers in the stream.
  public var devices: [Device] = []
  /// The rounds of pre-copy, none if nothing was read while the devices ran.
  public var iterations: [Iteration] = []
  /// Why the devices were stopped when they were.
  public var stopReason = StopReason.noPreCopy
  /// Whether the drivers told how much was left, without which nothing can be said of the downtime
  /// before they are stopped.
  public var downtimeWasJudged = true
  /// From the first arc that quiesces a device to the end of the stream; with `resumes` until all
  /// run again.
  public var downtime = Duration.zero
  /// From the start of the capture to its end.
  public var duration = Duration.zero

  /// The bytes of state of all devices.
  public var byteCount: UInt64 {
    devices.reduce(0) { $0 + $1.preCopyByteCount + $1.stopCopyByteCount }
  }
}

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
