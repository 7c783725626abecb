public import ByteIO
public import Handover
public import MigrationStream

/// How handovers were settled that earlier commands have left (`ferry send --resolve`); the JSON is
/// `schemas/settlement.schema.json`.
public struct SettlementReport: Report {
  /// Each with its outcome.
  public var outcomes: [(handover: StreamUUID, outcome: Settlement.Outcome)] = []
  /// Why journals could not be read or written.
  public var unreadable: [String] = []

  /// A report without handovers.
  public init() {}

  /// Whether one is not settled.
  public var isInDoubt: Bool {
    outcomes.contains {
      if case .inDoubt = $0.outcome { return true }
      return $0.outcome == .asksItself
    }
  }

  /// A line for each.
  public var text: String {
    let lines =
      unreadable.map { TerminalText.text($0) }
      + outcomes.map { "handover \($0.handover): \($0.outcome.text)" }
    return lines.isEmpty ? "nothing is left to settle" : lines.joined(separator: "\n")
  }

  /// The same.
  public var json: JSONValue {
    [
      "handovers": .array(
        outcomes.map { handover, outcome in
          var reason: String?
          if case .inDoubt(let why) = outcome { reason = why }
          return [
            "handover": .string("\(handover)"), "outcome": .string(outcome.word),
            "reason": reason.map { .string($0) },
          ]
        }), "unreadable": .strings(unreadable),
    ]
  }
}

extension Settlement.Outcome {
  fileprivate var word: String {
    switch self {
    case .targetRuns: "target-runs"
    case .lost: "lost"
    case .neverCommitted: "never-committed"
    case .underWay: "under-way"
    case .asksItself: "asks-itself"
    case .toldToTakeBack: "told-to-take-back"
    case .inDoubt: "in-doubt"
    }
  }

  fileprivate var text: String {
    switch self {
    case .targetRuns: "the target runs the devices"
    case .lost:
      "the target does not run the devices, and the process that had them stopped here has gone; their "
        + "state is lost unless somebody else holds them open"
    case .neverCommitted:
      "the process that had the devices here has gone before it committed, so the target does not run them; "
        + "their state is here, if somebody else holds them open"
    case .underWay: "the process that has the devices lives, and is at it"
    case .asksItself:
      "in doubt; the process that has the devices stopped lives, and asks the target"
    case .toldToTakeBack:
      "the process that has the devices stopped was told that the target is dead; it runs them again"
    case .inDoubt(let reason): "in doubt: \(TerminalText.text(reason))"
    }
  }
}
