public import Devices

/// How an engine left a device.
public enum DeviceOutcome: Sendable, Hashable {
  /// It runs, as it did before: nothing of its state is lost.
  case runningAsBefore
  /// It runs with the state that it was given.
  case restored
  /// It is stopped, with all of its state.
  case stopped
  /// It was reset: it runs, and what state it had is lost.
  case fresh
  /// It was reset and runs, but a reset is not known to clear it: it may hold what it had, or what
  /// it was given, or a part.
  case reset
  /// It could not be brought back; where it is, as far as it says, and why. Only a reset helps, if
  /// anything.
  case unusable(MigrationState?, DeviceError)
}

extension DeviceOutcome: CustomStringConvertible {
  public var description: String {
    switch self {
    case .runningAsBefore: "runs on as before"
    case .restored: "runs with the state of the stream"
    case .stopped: "is stopped, with its state"
    case .fresh: "was reset: it runs fresh, and what state it had is lost"
    case .reset:
      "was reset and runs; a reset is not known to clear it, so what it holds is not known, and the "
        + "state that it had counts as lost"
    case .unusable(let state, let error):
      "could not be brought back and is in \(state.map { "\($0)" } ?? "an unknown state") "
        + "(\(error)); it needs a reset"
    }
  }
}
