/// Runs a check where it can hang or crash without the run: in another process.
public protocol CheckRunner: AnyObject {
  /// Runs `check` on the device, which nobody has open meanwhile and which is to have the state
  /// `saved` before, if that is known.
  func run(_ check: Check, saved: [UInt8]?) -> CheckRunnerAnswer
}

/// What became of a check that was run elsewhere.
public enum CheckRunnerAnswer: Sendable {
  /// It ended, and the device answers unless `loss` says why it does not.
  case ended(CheckOutcome.Result, loss: String?)
  /// It did not end by itself, so that nothing more can be asked of the device.
  case died(Finding)
  /// It could not be run, for this reason.
  case notRun(String)
}
