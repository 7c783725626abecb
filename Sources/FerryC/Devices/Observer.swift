import CFerry
import Devices
import Migration

/// Who hears of a migration.
struct Observer {
  private let observer: ferry_observer

  init(_ observer: ferry_observer) { self.observer = observer }

  func isCancelled() -> Bool {
    observer.is_cancelled?(observer.context) ?? 0 != 0
  }

  func tell(_ progress: CaptureProgress) {
    tell(
      progress.iteration == nil ? FERRY_PROGRESS_STOPPED : FERRY_PROGRESS_RUNNING,
      iteration: progress.iteration ?? 0, progress.byteCount, progress.remainingByteCount)
  }

  func tell(_ progress: ReplayProgress) {
    let phase =
      switch progress.phase {
      case .checking: FERRY_PROGRESS_CHECKING
      case .verifying: FERRY_PROGRESS_VERIFYING
      case .writing: FERRY_PROGRESS_WRITING
      }
    tell(phase, iteration: 0, progress.byteCount, progress.expectedByteCount)
  }

  private func tell(_ phase: Int, iteration: Int, _ byteCount: UInt64, _ expected: UInt64?) {
    guard let tell = observer.progress else { return }
    var progress = ferry_progress(
      phase: UInt32(phase), iteration: UInt32(clamping: iteration), state_size: byteCount,
      expected_size: expected ?? .max)
    tell(observer.context, &progress)
  }
}

extension DeviceOutcome {
  /// The number in the header.
  var number: UInt32 {
    let number =
      switch self {
      case .runningAsBefore: FERRY_OUTCOME_RUNNING_AS_BEFORE
      case .restored: FERRY_OUTCOME_RESTORED
      case .stopped: FERRY_OUTCOME_STOPPED
      case .fresh: FERRY_OUTCOME_FRESH
      case .reset: FERRY_OUTCOME_RESET
      case .unusable: FERRY_OUTCOME_UNUSABLE
      }
    return UInt32(number)
  }
}

extension Duration {
  /// Whole nanoseconds, as many as 64 bits hold.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0 else { return 0 }
    let (product, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return isTooLong ? .max : product &+ UInt64(attoseconds / 1_000_000_000)
  }
}

extension Failure {
  /// What a device or its driver refused.
  init(_ error: DeviceError, number: UInt16? = nil) {
    self.init(.device, message: (number.map { "device \($0): " } ?? "") + "\(error)")
    device = number
    system = error.errno.rawValue
  }

  static let cancelled = Failure(.cancelled, message: "the caller cancelled it")
}
