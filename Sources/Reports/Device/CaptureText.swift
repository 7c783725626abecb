import Migration

/// What `ferry capture` tells a person.
enum CaptureText {
  static func progress(_ state: CaptureProgress) -> String {
    var text = state.iteration.map { "running, round \($0 + 1): " } ?? "stopped: "
    text += "\(QuantityText.bytes(state.byteCount)) read"
    if let rate = state.rate { text += ", \(QuantityText.bytes(UInt64(rate)))/s" }
    if let left = state.remainingByteCount { text += ", \(QuantityText.bytes(left)) left" }
    if let expected = state.expectedDowntime {
      text += ", expected downtime \(QuantityText.duration(expected))"
    }
    return text
  }

  static func summary(_ summary: CaptureSummary, output: String) -> String {
    var lines = [
      "\(output): \(QuantityText.count(summary.devices.count, "device")), "
        + "\(QuantityText.bytes(summary.byteCount)) of state in \(QuantityText.duration(summary.duration))"
    ]
    for (number, device) in summary.devices.enumerated() {
      lines.append(
        "device \(number) (\(device.name)): \(QuantityText.bytes(device.preCopyByteCount)) while it ran, "
          + "\(QuantityText.bytes(device.stopCopyByteCount)) stopped; it \(device.outcome)")
      if device.wasReset {
        lines.append("  it was found in a state that another left, and was reset first")
      }
      lines.append("  \(StateTimes.text(device.timeInStates))")
    }
    lines.append(
      "\(QuantityText.count(summary.iterations.count, "round")) while running; stopped because "
        + reason(summary.stopReason))
    lines.append("downtime: \(QuantityText.duration(summary.downtime))")
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
