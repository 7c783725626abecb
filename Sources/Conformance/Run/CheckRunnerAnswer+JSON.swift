import ByteIO
public import Devices
public import MigrationStream
import YAMLReader

extension CheckRunnerAnswer {
  /// The line of JSON by which a process that ran a check answers the one that started it; `loss`
  /// is why the device no longer answers.
  public static func line(_ result: CheckOutcome.Result, loss: String?) -> String {
    let answer: JSONValue = [
      "result": .string(result.word), "reason": result.reason.map { .string($0) },
      "findings": .array(
        result.findings.map { finding in
          [
            "asked": .string(finding.asked), "expected": .string(finding.expected),
            "found": .string(finding.found), "calls": .strings(finding.calls),
          ]
        }),
      "loss": loss.map { .string($0) },
    ]
    return answer.line
  }

  /// Reads such a line; nil if it is none.
  public init?(parsing line: [UInt8]) {
    guard !line.isEmpty else { return nil }
    do throws(YAMLError) {
      let fields = try YAMLNode(parsing: line).fields(["result", "reason", "findings", "loss"])
      let reason = try fields["reason"]?.string() ?? ""
      let loss = try fields["loss"]?.string()
      let result: CheckOutcome.Result
      switch try fields.required("result").string() {
      case "passed": result = .passed
      case "not-applicable": result = .notApplicable(reason)
      case "not-run": result = .notRun(reason)
      case "failed":
        var findings: [Finding] = []
        for item in try fields.required("findings").items() {
          findings.append(try Self.finding(item))
        }
        result = .failed(findings)
      default: return nil
      }
      self = .ended(result, loss: loss)
    } catch {
      return nil
    }
  }

  private static func finding(_ node: YAMLNode) throws(YAMLError) -> Finding {
    let fields = try node.fields(["asked", "expected", "found", "calls"])
    var calls: [String] = []
    for call in try fields.required("calls").items() { calls.append(try call.string()) }
    return Finding(
      asked: try fields.required("asked").string(),
      expected: try fields.required("expected").string(),
      found: try fields.required("found").string(), calls: calls)
  }
}

extension ConformanceRun {
  /// Runs `check` alone, as a process does that another one's ``CheckRunner`` has started, and
  /// gives the line that answers it (``CheckRunnerAnswer/line(_:loss:)``).
  ///
  /// Throws the device's error if it cannot be opened and asked what it is.
  public static func answer(
    _ check: Check, on opener: any DeviceOpener, _ states: CheckRunnerStates,
    options: ConformanceOptions, clock: any MigrationClock
  ) throws(DeviceError) -> String {
    var options = options
    options.otherStates = states.others
    var run = ConformanceRun(opener, checks: [check], options: options, clock: clock)
    run.foundState = states.saved
    var result = CheckOutcome.Result.notRun("the run was ended")
    let summary = try run.run { result = $0.result }
    var loss: String?
    if case .lost(let reason) = summary.leaving { loss = reason }
    return CheckRunnerAnswer.line(result, loss: loss)
  }
}
