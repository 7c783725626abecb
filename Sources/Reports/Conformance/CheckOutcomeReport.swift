public import ByteIO
public import Conformance

/// What one check came to: a line of the report that `ferry conformance -o` writes, which is
/// `schemas/conformance-check.schema.json`.
public struct CheckOutcomeReport: Report {
  /// The check and its answer.
  public let outcome: CheckOutcome
  /// Whether known quirks are excused, as of a model of a driver.
  public let excusesQuirks: Bool

  /// A report on one outcome.
  public init(_ outcome: CheckOutcome, excusesQuirks: Bool) {
    self.outcome = outcome
    self.excusesQuirks = excusesQuirks
  }

  /// `passed`, `failed`, `noted` for a failure of what is advised, `known` for one that a quirk
  /// excuses, `not applicable` or `not run`.
  var word: String {
    switch outcome.result {
    case .passed: "passed"
    case .notApplicable: "not applicable"
    case .notRun: "not run"
    case .failed where outcome.quirk != nil && excusesQuirks: "known"
    case .failed: outcome.failsRun(strict: false, excusingQuirks: false) ? "failed" : "noted"
    }
  }

  /// The answer and the check, and below a failure what was found, why it matters and the calls.
  public var text: String {
    let column = word + String(repeating: " ", count: max(1, 16 - word.count))
    guard case .failed(let findings) = outcome.result else {
      return column + outcome.check.name + (outcome.result.reason.map { ": \($0)" } ?? "")
    }
    var lines = [
      "\(column)\(outcome.check.name): \(outcome.check.summary)",
      "  \(outcome.check.source.place): \(outcome.check.source.sentence)",
    ]
    if let quirk = outcome.quirk {
      lines.append("  known of \(quirk.driver): \(quirk.behavior) (\(quirk.source))")
    }
    for finding in findings {
      lines.append(
        "  \(finding.asked): expected \(finding.expected), found \(finding.found)")
      lines += finding.calls.map { "    \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  /// The check, its source, the answer with findings and calls; the time is in microseconds.
  public var json: JSONValue {
    let check = outcome.check
    return [
      "check": .string(check.name), "summary": .string(check.summary),
      "level": .string(check.level.rawValue), "destructive": .bool(check.isDestructive),
      "source": [
        "place": .string(check.source.place), "sentence": .string(check.source.sentence),
      ],
      "result": .string(outcome.result.word), "verdict": .string(word),
      "reason": outcome.result.reason.map { .string($0) },
      "findings": outcome.result.findings.isEmpty
        ? nil
        : .array(
          outcome.result.findings.map { finding in
            [
              "asked": .string(finding.asked), "expected": .string(finding.expected),
              "found": .string(finding.found), "calls": .strings(finding.calls),
            ]
          }),
      "quirk": outcome.quirk.map { quirk in
        [
          "driver": .string(quirk.driver), "behavior": .string(quirk.behavior),
          "source": .string(quirk.source),
        ]
      },
      "duration": .microseconds(outcome.duration),
    ]
  }
}
