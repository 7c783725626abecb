import Conformance

extension ConformanceReport {
  /// The run as a JUnit XML test suite, which CI systems show: a test case for each check.
  ///
  /// A failure that fails the run is a failure there. What is known, not applicable or not run is
  /// skipped; what is only noted passes, with its findings as output.
  public var junit: String {
    let failures = Set(failures)
    let skipped = checks.count { ["not applicable", "not run", "known"].contains($0.word) }
    let time = outcomes.reduce(Duration.zero) { $0 + $1.duration }
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<testsuite name=\"\(Self.escaped("ferry conformance \(terms.device)"))\""
        + " tests=\"\(outcomes.count)\" failures=\"\(failures.count)\" errors=\"0\""
        + " skipped=\"\(skipped)\" time=\"\(Self.seconds(time))\">",
    ]
    for check in checks {
      let outcome = check.outcome
      let head =
        "  <testcase classname=\"conformance.\(outcome.check.level.rawValue)\""
        + " name=\"\(Self.escaped(outcome.check.name))\""
        + " time=\"\(Self.seconds(outcome.duration))\""
      let text = Self.escaped(check.text)
      let message = Self.escaped(
        outcome.result.findings.first.map {
          "\($0.asked): expected \($0.expected), found \($0.found)"
        } ?? outcome.result.reason ?? "")
      switch check.word {
      case "passed": lines.append(head + "/>")
      case _ where failures.contains(outcome.check.name):
        lines.append(head + "><failure message=\"\(message)\">\(text)</failure></testcase>")
      case "noted": lines.append(head + "><system-out>\(text)</system-out></testcase>")
      default:
        let reason =
          outcome.quirk.map { Self.escaped("known of \($0.driver): \($0.behavior)") } ?? message
        lines.append(head + "><skipped message=\"\(reason)\"/></testcase>")
      }
    }
    return (lines + ["</testsuite>"]).joined(separator: "\n") + "\n"
  }

  private static func seconds(_ duration: Duration) -> String {
    let thousandths = Int(duration / .milliseconds(1))
    let rest = "\(thousandths % 1000)"
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// Text as XML 1.0 has it (2.2, 2.4): what no document can have is a question mark.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
        result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
