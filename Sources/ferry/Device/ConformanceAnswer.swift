import ByteIO
import Conformance
import YAMLReader

/// What a process that runs one check is given, and what it answers: a line of JSON.
enum ConformanceAnswer {
  /// What the process reads: nothing, or a byte and the state that the device is to have.
  static func given(_ saved: [UInt8]?) -> [UInt8] { saved.map { [1] + $0 } ?? [] }

  /// The state in what the process read.
  static func saved(in given: [UInt8]) -> [UInt8]? {
    given.isEmpty ? nil : Array(given.dropFirst())
  }

  /// The answer of a check; `loss` is why the device no longer answers.
  static func line(_ result: CheckOutcome.Result, loss: String?) -> String {
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

  /// What a line says; nil if it is none.
  static func read(_ line: [UInt8]) -> CheckRunnerAnswer? {
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
        for item in try fields.required("findings").items() { findings.append(try finding(item)) }
        result = .failed(findings)
      default: return nil
      }
      return .ended(result, loss: loss)
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
