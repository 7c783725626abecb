import Devices
import EmulatedDevices
import Migration

/// What `ferry capture --json` prints; the shape is `schemas/capture.schema.json`. Times are in microseconds.
struct CaptureReport: Encodable {
  struct Device: Encodable {
    var index: Int
    var name: String
    var preCopyBytes: UInt64
    var stopCopyBytes: UInt64
    var timeInStates: [String: Int64]
    var wasReset: Bool
    var outcome: String
    /// Of what the device holds.
    var digest: String?
  }

  struct Iteration: Encodable {
    var bytes: UInt64
    var duration: Int64
    var remainingBytes: UInt64
    var expectedDowntime: Int64?
    var reinitialized: Bool
  }

  var devices: [Device]
  var iterations: [Iteration]
  var stopReason: String
  var stateBytes: UInt64
  var downtime: Int64
  var duration: Int64

  init(_ summary: CaptureSummary, _ devices: [any MigratableDevice]) {
    self.devices = zip(summary.devices, devices).enumerated().map { index, pair in
      Device(
        index: index, name: pair.0.name, preCopyBytes: pair.0.preCopyByteCount,
        stopCopyBytes: pair.0.stopCopyByteCount,
        timeInStates: StateTimes.json(pair.0.timeInStates), wasReset: pair.0.wasReset,
        outcome: pair.0.outcome.word, digest: (pair.1 as? EmulatedDevice)?.model.digest)
    }
    iterations = summary.iterations.map {
      Iteration(
        bytes: $0.byteCount, duration: StateTimes.microseconds($0.duration),
        remainingBytes: $0.remainingByteCount,
        expectedDowntime: $0.expectedDowntime.map(StateTimes.microseconds),
        reinitialized: $0.isReinitialized)
    }
    stopReason = summary.stopReason.rawValue
    stateBytes = summary.byteCount
    downtime = StateTimes.microseconds(summary.downtime)
    duration = StateTimes.microseconds(summary.duration)
  }
}

extension DeviceOutcome {
  /// One word for programs.
  var word: String {
    switch self {
    case .runningAsBefore: "running-as-before"
    case .restored: "restored"
    case .stopped: "stopped"
    case .fresh: "fresh"
    case .unusable: "unusable"
    }
  }
}
