import Devices
import MigrationStream
import StateLayout

/// The devices of one driver: what there is to know of their states, besides the layouts.
///
/// Each family declares its own in its folder, and `DriverFamily.all` names it.
struct DriverFamily: Sendable {
  /// The driver as the kernel names it.
  let driver: String
  let translations: [any Translation]
  /// The facts of the family's devices, as they stand in a file; nil if it needs none of its own.
  let facts: FactField<DeviceFacts>?
  /// Adds the facts that a device's identity and regions tell; nil if they tell none of the
  /// family's.
  let read: (@Sendable (DeviceIdentity, inout DeviceFacts) -> Void)?
  /// Adds the facts that a sound state tells of the device that it was taken from; nil if it tells
  /// none.
  let readState: (@Sendable (LayoutTree, inout DeviceFacts) -> Void)?
  /// Whether a reset leaves nothing of the device's registers, as that of a PCI function does.
  let isClearedByReset: Bool
  /// The meanings of the driver's errno; the first that fits counts.
  let meanings: [ErrnoMeaning]

  init(
    driver: String, translations: [any Translation] = [], facts: FactField<DeviceFacts>? = nil,
    read: (@Sendable (DeviceIdentity, inout DeviceFacts) -> Void)? = nil,
    readState: (@Sendable (LayoutTree, inout DeviceFacts) -> Void)? = nil,
    isClearedByReset: Bool = true, meanings: [ErrnoMeaning]
  ) {
    self.driver = driver
    self.translations = translations
    self.facts = facts
    self.read = read
    self.readState = readState
    self.isClearedByReset = isClearedByReset
    self.meanings = meanings
  }
}

/// The meaning of an errno of one driver, if the errno alone says less than the driver knows.
struct ErrnoMeaning: Sendable {
  /// The request that failed.
  enum Step: Sendable {
    /// To take state.
    case write
    /// To go from RESUMING to STOP, where most drivers load what they took.
    case load
    /// To go from any state to any other.
    case transition
  }

  let step: Step
  /// Nil for every errno.
  let number: LinuxErrno?
  let text: String

  init(_ step: Step, _ number: LinuxErrno?, _ text: String) {
    self.step = step
    self.number = number
    self.text = text
  }

  func fits(_ error: DeviceError) -> Bool {
    guard number == nil || number == error.errno else { return false }
    switch step {
    case .write: return error.operation.code == .writeData
    case .load: return error.arc == MigrationArc(.resuming, .stop)
    case .transition: return error.arc != nil
    }
  }
}
