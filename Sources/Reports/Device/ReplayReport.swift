public import ByteIO
public import Migration
import MigrationStream

/// What a replay did, or would do (`ferry replay`); the JSON is `schemas/replay.schema.json`.
public struct ReplayReport: Report {
  /// What the engine says of it.
  public let summary: ReplaySummary
  /// What the command was given.
  public let arguments: ReplayArguments
  /// Whether no device was touched.
  public let isCheck: Bool
  /// The digest of what each device holds, by the number of the stream's device.
  public let digests: [UInt16: String]

  /// A report on a replay with these arguments, or on a check of one.
  public init(
    _ summary: ReplaySummary, _ arguments: ReplayArguments, isCheck: Bool = false,
    digests: [UInt16: String] = [:]
  ) {
    self.summary = summary
    self.arguments = arguments
    self.isCheck = isCheck
    self.digests = digests
  }

  /// What was found, and what became of each device.
  public var text: String {
    let report = summary.report
    let ways = report.waysOut.map { $0.text(arguments) }
    return (report.findings.map(\.line) + ways + (isCheck ? [checkLine] : lines))
      .joined(separator: "\n")
  }

  private var path: String { TerminalText.text(arguments.path) }

  private var checkLine: String {
    let time = QuantityText.duration(summary.duration)
    switch summary.report.verdict {
    case .can:
      return
        "\(path): whole, and the devices can take it; reading it took \(time), and a "
        + "restore takes at least that"
    case .unchecked:
      return "\(path): whole, and nothing that could be checked keeps the devices from "
        + "taking it; reading it took \(time), and a restore takes at least that"
    case .cannot: return "\(path): whole, but the devices cannot take it"
    case .unknown: return "\(path): whole, but it lacks what an answer needs"
    }
  }

  private var lines: [String] {
    var lines = [
      "\(path): \(QuantityText.count(summary.devices.count, "device")), "
        + "\(QuantityText.bytes(summary.byteCount)) of state in "
        + QuantityText.duration(summary.duration)
    ]
    for device in summary.devices {
      lines.append(
        "device \(device.number) (\(TerminalText.text(device.name))): \(QuantityText.bytes(device.byteCount)), "
          + "\(QuantityText.count(device.bindingCount, "binding")); it \(device.outcome)")
      if device.wasReset {
        lines.append("  it was found in a state that another left, and was reset first")
      }
      for register in device.registers { lines.append("  \(register.text)") }
      lines.append("  \(StateTimes(device.timeInStates).text)")
    }
    return lines + ["downtime: \(QuantityText.duration(summary.downtime))"]
  }

  /// What was found, and what became of each device; times are in microseconds.
  public var json: JSONValue {
    [
      "check": .bool(isCheck), "compatible": .bool(summary.report.isCompatible),
      "verdict": .string(summary.report.verdict.rawValue),
      "findings": .array(summary.report.findings.map(\.json)),
      "waysOut": .array(summary.report.waysOut.map { $0.json(arguments) }),
      "devices": isCheck
        ? .array(untouched)
        : .array(
          summary.devices.map { device in
            [
              "index": .number(device.number), "name": .string(device.name),
              "stateBytes": .number(device.byteCount), "bindings": .number(device.bindingCount),
              "timeInStates": StateTimes(device.timeInStates).json,
              "wasReset": .bool(device.wasReset), "outcome": .string(device.outcome.word),
              "registers": .array(device.registers.map(\.json)),
              "interrupts": device.interrupts?.json,
              "digest": digests[device.number].map { .string($0) },
            ]
          }),
      "stateBytes": .number(summary.byteCount), "downtime": .microseconds(summary.downtime),
      "duration": .microseconds(summary.duration),
    ]
  }
}

extension ReplayReport {
  /// The devices of a check, which were asked and nothing else.
  private var untouched: [JSONValue] {
    arguments.devices.sorted { $0.key < $1.key }.map { number, name in
      [
        "index": .number(number), "name": .string(name), "stateBytes": .number(0),
        "bindings": .number(0), "timeInStates": [:], "wasReset": .bool(false),
        "outcome": .string("untouched"), "registers": [],
      ]
    }
  }
}

extension ReplaySummary.RestoredRegister {
  fileprivate var text: String {
    let digits = register.byteCount * 2
    let value = hex(register.value, digits: digits)
    let text = "\(register.name) at 0x\(hex(register.offset)): 0x\(value)"
    if droppedBits == 0 { return text }
    return text + ", but the device dropped 0x\(hex(droppedBits, digits: digits))"
  }

  fileprivate var json: JSONValue {
    [
      "name": .string(register.name), "offset": .number(register.offset),
      "value": .number(register.value), "mask": .number(register.mask),
      "droppedBits": .number(droppedBits),
    ]
  }
}

extension InterruptState {
  /// What the guest had programmed; nothing restored it, for that is the VMM's part.
  fileprivate var json: JSONValue {
    [
      "msixVectors": .number(msix?.vectorCount ?? 0), "msi": .bool(msi != nil),
      // By bits: INTA 1, INTB 2, INTC 4, INTD 8.
      "assertedPins": .number(assertedPins ?? 0), "restored": .bool(false),
    ]
  }
}

extension ReplayProgress {
  /// The progress for programs (`schemas/progress.schema.json`).
  public var json: JSONValue {
    [
      "phase": .string(verb), "stateBytes": .number(byteCount),
      "expectedBytes": expectedByteCount.map { .number($0) },
    ]
  }

  private var verb: String {
    switch phase {
    case .checking: "checking"
    case .verifying: "verifying"
    case .writing: "writing"
    }
  }

  /// The progress on one line, for a terminal, `time` after the replay began.
  public func text(after time: Duration) -> String {
    var text = "\(verb): \(QuantityText.bytes(byteCount))"
    if let whole = expectedByteCount { text += " of about \(QuantityText.bytes(whole))" }
    let rate = Double(byteCount) / max(time / .seconds(1), 1e-6)
    return text + ", \(QuantityText.bytes(UInt64(rate)))/s"
  }
}
