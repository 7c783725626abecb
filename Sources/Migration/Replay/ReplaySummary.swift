public import Devices
public import MigrationStream

/// What a replay did.
public struct ReplaySummary: Sendable, Hashable {
  /// What became of one target.
  public struct Device: Sendable, Hashable {
    /// The number of the stream's device.
    public var number: UInt16
    /// The name that the operator gave the target.
    public var name: String
    /// The bytes of state that it took.
    public var byteCount: UInt64
    /// How many PASIDs were attached.
    public var bindingCount: Int
    /// How long it was in each state.
    public var timeInStates: [MigrationState: Duration]
    /// Whether it was found in a state that a previous user left.
    public var wasReset: Bool
    /// How it was left.
    public var outcome: DeviceOutcome
    /// The guest's registers that were written.
    public var registers: [RestoredRegister]
    /// The interrupts that the guest programmed, if the stream has them: nothing restored them, for
    /// no driver takes them, and they are the VMM's to program again.
    public var interrupts: InterruptState?
  }

  /// A register that was written, and what the target did not keep of it.
  public struct RestoredRegister: Sendable, Hashable {
    /// What was written.
    public var register: GuestRegister
    /// The bits that the target has otherwise all the same.
    public var droppedBits: UInt32
  }

  /// In the order of the stream.
  public var devices: [Device] = []
  /// What was found when the targets were held against the stream.
  public var report = CompatibilityReport()
  /// From the first arc out of RUNNING to the last into it, or to STOP.
  public var downtime = Duration.zero
  /// From the start of the replay to its end.
  public var duration = Duration.zero

  /// A replay that did nothing.
  public init() {}

  /// The bytes of state that all targets took.
  public var byteCount: UInt64 { devices.reduce(0) { $0 + $1.byteCount } }
}

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
