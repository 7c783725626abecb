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
    public var byteCount: UInt64
    public var duration: Duration
    /// What was left behind it.
    public var remainingByteCount: UInt64
    /// Nil where no rate was measured.
    public var expectedDowntime: Duration?
    /// Whether a driver announced new initial data behind it.
    public var isReinitialized: Bool
  }

  /// What became of one device.
  public struct Device: Sendable, Hashable {
    public var name: String
    public var preCopyByteCount: UInt64
    public var stopCopyByteCount: UInt64
    public var timeInStates: [MigrationState: Duration]
    /// Whether it was found in a state that a previous user left.
    public var wasReset: Bool
    public var outcome: DeviceOutcome
  }

  public var devices: [Device] = []
  public var iterations: [Iteration] = []
  public var stopReason = StopReason.noPreCopy
  /// From the first arc that quiesces a device to the end of the stream; with `resumes` until all run again.
  public var downtime = Duration.zero
  public var duration = Duration.zero

  public var byteCount: UInt64 {
    devices.reduce(0) { $0 + $1.preCopyByteCount + $1.stopCopyByteCount }
  }
}
