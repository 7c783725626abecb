import Migration

/// What `ferry capture` tells a person.
enum CaptureText {
  static func progress(_ state: CaptureProgress) -> String {
    var text = state.iteration.map { "running, round \($0 + 1): " } ?? "stopped: "
    text += "\(ByteSize.text(state.byteCount)) read"
    if let rate = state.rate { text += ", \(ByteSize.text(UInt64(rate)))/s" }
    if let left = state.remainingByteCount { text += ", \(ByteSize.text(left)) left" }
    if let expected = state.expectedDowntime {
      text += ", expected downtime \(DurationOption.text(expected))"
    }
    return text
  }

  static func summary(_ summary: CaptureSummary, output: String) -> String {
    var lines = [
      "\(output): \(Printable.count(summary.devices.count, "device")), "
        + "\(ByteSize.text(summary.byteCount)) of state in \(DurationOption.text(summary.duration))"
    ]
    for (number, device) in summary.devices.enumerated() {
      lines.append(
        "device \(number) (\(device.name)): \(ByteSize.text(device.preCopyByteCount)) while it ran, "
          + "\(ByteSize.text(device.stopCopyByteCount)) stopped; it \(device.outcome)")
      if device.wasReset {
        lines.append("  it was found in a state that another left, and was reset first")
      }
      lines.append("  \(StateTimes.text(device.timeInStates))")
    }
    lines.append(
      "\(Printable.count(summary.iterations.count, "round")) while running; stopped because "
        + reason(summary.stopReason))
    lines.append("downtime: \(DurationOption.text(summary.downtime))")
    return lines.joined(separator: "\n")
  }

  private static func reason(_ reason: CaptureSummary.StopReason) -> String {
    switch reason {
    case .converged: "the rest fitted the downtime limit"
    case .iterationLimit: "of the limit of rounds"
    case .timeLimit: "of the limit of time"
    case .noPreCopy: "nothing could be read before, or was to be"
    }
  }
}
