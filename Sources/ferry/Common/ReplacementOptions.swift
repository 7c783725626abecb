import ArgumentParser
import Inputs
import Reports

/// What a command that puts one state in place of another is told to let pass.
struct ReplacementOptions: ParsableArguments {
  @Flag(help: "Put there state that its layout finds unsound.")
  var allowUnsound = false

  @Flag(help: "Put there the state of another driver, other ids or another layout.")
  var allowOtherDevice = false

  private func option(for property: ReplacementCheck.Property) -> String {
    property == .soundness ? "--allow-unsound" : "--allow-other-device"
  }

  private func isAllowed(_ property: ReplacementCheck.Property) -> Bool {
    property == .soundness ? allowUnsound : allowOtherDevice
  }

  /// Ends the command unless the state of `name` fits where that of `target` was.
  func hold(_ check: ReplacementCheck, of name: String, against target: String) throws {
    let reasons = check.reasons.filter { !isAllowed($0.property) }
    guard !reasons.isEmpty else { return }
    let lines = reasons.map { reason in
      "\n  \(reason.property): wanted \(reason.wanted), found \(reason.found); "
        + "\(option(for: reason.property)) puts it there all the same"
    }
    throw CommandError.no(
      TerminalText.lines("\(name) does not fit \(target)\(lines.joined())"))
  }
}
