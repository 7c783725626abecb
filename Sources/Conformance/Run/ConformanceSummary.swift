public import Devices

/// What a run came to, beside the outcomes of its checks.
public struct ConformanceSummary: Sendable {
  /// The driver's name, if it is known.
  public var driver: String?
  /// What the driver says that it can do.
  public var abilities: MigrationAbilities = []
  /// The length of the state that the device was found with; nil if it could not be read whole.
  public var stateByteCount: Int?
  /// How long the device was in each state, in all.
  public var timeInStates: [MigrationState: Duration] = [:]
  /// How the device was left.
  public var leaving: Leaving = .untouched
  /// What came of reading the kernel's log; nil if it was not asked for.
  public var kernelLog: KernelLogReading?

  /// What came of reading the kernel's log.
  public enum KernelLogReading: Sendable, Hashable {
    /// It was read, and says so many times that something went wrong in the kernel.
    case read(complaintCount: Int)
    /// It could not be read, for this reason.
    case unread(String)
  }

  /// How a run leaves a device.
  public enum Leaving: Sendable, Hashable {
    /// Nothing that changes it was asked of it: it cannot migrate.
    case untouched
    /// It runs, with the state that it was found with.
    case asFound
    /// It runs, but its state is another; why it could not have the one that it had.
    case changed(String)
    /// It does not answer any more, as this says.
    case lost(String)
  }
}
