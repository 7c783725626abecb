/// What one check came to.
public struct CheckOutcome: Sendable {
  /// The check.
  public let check: Check
  /// Its answer.
  public let result: Result
  /// What is known of the driver that explains a failure; nil if nothing is.
  public let quirk: Quirk?
  /// Whether the device answers no more since.
  public let isDeviceLost: Bool
  /// Whether the kernel logged an oops or a warning meanwhile.
  public let isKernelDamaged: Bool
  /// How long it took.
  public let duration: Duration

  /// The answer of a check.
  public enum Result: Sendable, Hashable {
    case passed
    /// The device answered otherwise, in these cases.
    case failed([Finding])
    /// The device has nothing that the check is about, for this reason.
    case notApplicable(String)
    /// The check could not be run, for this reason.
    case notRun(String)
  }

  /// Whether a run fails by it: by a failed check that is required, that lost the device or
  /// that the kernel complained of, or by any if the run is `strict`.
  ///
  /// Who runs a model of a driver excuses the quirks that the driver is known for.
  public func failsRun(strict: Bool, excusingQuirks: Bool) -> Bool {
    guard case .failed = result, !(quirk != nil && excusingQuirks) else { return false }
    return strict || isDeviceLost || isKernelDamaged || check.level == .required
  }
}

extension CheckOutcome.Result {
  /// One word for programs.
  public var word: String {
    switch self {
    case .passed: "passed"
    case .failed: "failed"
    case .notApplicable: "not-applicable"
    case .notRun: "not-run"
    }
  }

  /// Why there is no answer; nil if there is one.
  public var reason: String? {
    switch self {
    case .passed, .failed: nil
    case .notApplicable(let reason), .notRun(let reason): reason
    }
  }

  /// What was found; empty unless the check failed.
  public var findings: [Finding] {
    if case .failed(let findings) = self { findings } else { [] }
  }
}
