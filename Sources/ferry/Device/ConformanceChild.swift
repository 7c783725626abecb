import Conformance
import Reports
import StreamIO
import SystemPackage

/// Runs a check in a process of its own, which is this command once more: what hangs is given up,
/// and what dies takes no more with it.
final class ConformanceChild: CheckRunner {
  private let arguments: [String]
  private let others: [ForeignState]
  private let limit: Duration

  /// A runner of checks by `ferry` with these arguments and the check's name behind them, and with
  /// states of `others`, for at most so long each.
  init(_ arguments: [String], others: [ForeignState], limit: Duration) {
    self.arguments = arguments
    self.others = others
    self.limit = limit
  }

  func run(_ check: Check, saved: [UInt8]?) -> CheckRunnerAnswer {
    let states = CheckRunnerStates(saved: saved, others: others)
    let end: Program.End
    do throws(Errno) {
      end = try Program.own.run(
        ["ferry"] + arguments + [check.name], input: states.bytes, within: limit)
    } catch {
      return .notRun("no process could be started for it: \(error)")
    }
    switch end {
    case .exited(let answer):
      return CheckRunnerAnswer(parsing: answer)
        ?? .notRun("its process ended without an answer; what it said is above")
    case .killed(let signal):
      return .died(finding(check, "a process that signal \(signal) ended, as an oops does"))
    case .late:
      return .died(finding(check, "none; its process was ended then"))
    case .stuck:
      return .died(finding(check, "none, and its process cannot be ended: it hangs in the kernel"))
    }
  }

  private func finding(_ check: Check, _ found: String) -> Finding {
    Finding(
      asked: "\(check.name), in a process of its own",
      expected: "an answer within \(QuantityText.duration(limit))", found: found, calls: [])
  }
}
