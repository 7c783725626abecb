public import Devices
public import MigrationStream

/// What a replay did.
public struct ReplaySummary: Sendable, Hashable {
  /// What became of one target.
  public struct Device: Sendable, Hashable {
    /// The number of the stream's device.
    public var number: UInt16
    public var name: String
    public var byteCount: UInt64
    public var bindingCount: Int
    public var timeInStates: [MigrationState: Duration]
    /// Whether it was found in a state that a previous user left.
    public var wasReset: Bool
    public var outcome: DeviceOutcome
    /// The guest's registers that were written.
    public var registers: [RestoredRegister]
    /// The interrupts that the guest programmed, if the stream has them: nothing restored them, for no driver takes them,
    /// and they are the VMM's to program again.
    public var interrupts: InterruptState?
  }

  /// A register that was written, and what the target did not keep of it.
  public struct RestoredRegister: Sendable, Hashable {
    public var register: GuestRegister
    public var droppedBits: UInt32
  }

  public var devices: [Device] = []
  public var report = CompatibilityReport()
  /// From the first arc out of RUNNING to the last into it, or to STOP.
  public var downtime = Duration.zero
  public var duration = Duration.zero

  public init() {}

  public var byteCount: UInt64 { devices.reduce(0) { $0 + $1.byteCount } }
}
