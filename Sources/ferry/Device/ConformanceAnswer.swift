import ByteIO
import Conformance
import YAMLReader

/// The states that a process which runs one check is given.
struct ConformanceStates {
  /// The one that the device is to have; nil if it is not known.
  var saved: [UInt8]?
  /// Those of other devices.
  var others: [ForeignState]

  init(saved: [UInt8]?, others: [ForeignState]) {
    self.saved = saved
    self.others = others
  }

  /// Each with its length before it, and those of others with their names.
  var bytes: [UInt8] {
    var writer = ByteWriter()
    func append(_ part: [UInt8]) {
      writer.little(UInt64(part.count))
      writer.append(part)
    }
    writer.little(UInt8(saved == nil ? 0 : 1))
    append(saved ?? [])
    for other in others {
      append(Array(other.name.utf8))
      append(other.bytes)
    }
    return writer.bytes
  }

  /// The states in what the process read.
  init(parsing bytes: [UInt8]) throws(ByteError) {
    var reader = ByteReader(bytes.span.raw)
    let isSaved = try reader.little(UInt8.self) != 0
    let first = try Self.part(&reader)
    saved = isSaved ? first : nil
    others = []
    while !reader.isAtEnd {
      let name = String(decoding: try Self.part(&reader), as: UTF8.self)
      others.append(ForeignState(name: name, bytes: try Self.part(&reader)))
    }
  }

  private static func part(_ reader: inout ByteReader) throws(ByteError) -> [UInt8] {
    let count = Int(clamping: try reader.little(UInt64.self))
    return [UInt8](try reader.take(count))
  }
}

/// What a process that runs one check answers: a line of JSON.
enum ConformanceAnswer {
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
