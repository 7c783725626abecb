public import ByteIO
public import Migration

/// What a capture did (`ferry capture`); the JSON is `schemas/capture.schema.json`.
public struct CaptureReport: Report {
  /// What the engine says of it.
  public let summary: CaptureSummary
  /// The stream's name, the title of the text.
  public let output: String
  /// The digest of what each device holds, by its number, if it has one.
  public let digests: [String?]

  /// A report on a capture into the stream `output`.
  public init(_ summary: CaptureSummary, output: String, digests: [String?] = []) {
    self.summary = summary
    self.output = output
    self.digests = digests
  }

  /// The amount, each device, the rounds, and the downtime.
  public var text: String {
    var lines = [
      "\(TerminalText.text(output)): \(QuantityText.count(summary.devices.count, "device")), "
        + "\(QuantityText.bytes(summary.byteCount)) of state in "
        + QuantityText.duration(summary.duration)
    ]
    for (number, device) in summary.devices.enumerated() {
      lines.append(
        "device \(number) (\(device.name)): \(QuantityText.bytes(device.preCopyByteCount)) while "
          + "it ran, \(QuantityText.bytes(device.stopCopyByteCount)) stopped; it \(device.outcome)")
      if device.wasReset {
        lines.append("  it was found in a state that another left, and was reset first")
      }
      lines.append("  \(StateTimes(device.timeInStates).text)")
    }
    lines.append(
      "\(QuantityText.count(summary.iterations.count, "round")) while running; stopped because "
        + summary.stopReason.text)
    if !summary.downtimeWasJudged {
      lines.append(
        "a device does not tell how much state is left, so the downtime limit could not be judged")
    }
    lines.append("downtime: \(QuantityText.duration(summary.downtime))")
    return lines.joined(separator: "\n")
  }

  /// Each device and each round; times are in microseconds.
  public var json: JSONValue {
    [
      "devices": .array(
        summary.devices.enumerated().map { index, device in
          [
            "index": .number(index), "name": .string(device.name),
            "preCopyBytes": .number(device.preCopyByteCount),
            "stopCopyBytes": .number(device.stopCopyByteCount),
            "timeInStates": StateTimes(device.timeInStates).json,
            "wasReset": .bool(device.wasReset), "outcome": .string(device.outcome.word),
            "digest": index < digests.count ? digests[index].map { .string($0) } : nil,
          ]
        }),
      "iterations": .array(
        summary.iterations.map { iteration in
          [
            "bytes": .number(iteration.byteCount), "duration": .microseconds(iteration.duration),
            "remainingBytes": iteration.remainingByteCount.map { .number($0) },
            "expectedDowntime": iteration.expectedDowntime.map { .microseconds($0) },
            "reinitialized": .bool(iteration.isReinitialized),
          ]
        }),
      "stopReason": .string(summary.stopReason.rawValue),
      "downtimeJudged": .bool(summary.downtimeWasJudged),
      "stateBytes": .number(summary.byteCount), "downtime": .microseconds(summary.downtime),
      "duration": .microseconds(summary.duration),
    ]
  }
}

extension CaptureSummary.StopReason {
  fileprivate var text: String {
    switch self {
    case .converged: "the rest fitted the downtime limit"
    case .iterationLimit: "of the limit of rounds"
    case .timeLimit: "of the limit of time"
    case .noPreCopy: "nothing could be read before, or was to be"
    }
  }
}

extension CaptureProgress {
  /// The progress for programs (`schemas/progress.schema.json`).
  public var json: JSONValue {
    [
      "phase": .string(iteration == nil ? "stopped" : "running"),
      "iteration": iteration.map { .number($0) }, "stateBytes": .number(byteCount),
      "bytesPerSecond": rate.map { .number(UInt64($0)) },
      "remainingBytes": remainingByteCount.map { .number($0) },
      "expectedDowntime": expectedDowntime.map { .microseconds($0) },
    ]
  }

  /// The progress on one line, for a terminal.
  public var text: String {
    var text = iteration.map { "running, round \($0 + 1): " } ?? "stopped: "
    text += "\(QuantityText.bytes(byteCount)) read"
    if let rate { text += ", \(QuantityText.bytes(UInt64(rate)))/s" }
    if let remainingByteCount { text += ", \(QuantityText.bytes(remainingByteCount)) left" }
    if let expectedDowntime {
      text += ", expected downtime \(QuantityText.duration(expectedDowntime))"
    }
    return text
  }
}
