import ArgumentParser
import Inputs
import MigrationStream
import QEMUStream
import Reports
import StateTranslation

/// What a command that puts one state in place of another is told to let pass.
struct ReplacementOptions: ParsableArguments {
  @Flag(help: "Put there state that its layout finds unsound.")
  var allowUnsound = false

  @Flag(
    help: """
      Put there the state of another driver, other ids, another layout or a device with other facts, or where \
      nothing tells what was there.
      """)
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
      "\n  \(reason.property.rawValue): wanted \(reason.wanted), found \(reason.found); "
        + "\(option(for: reason.property)) puts it there all the same"
    }
    throw CommandError.no(
      TerminalText.lines("\(name) does not fit \(target)\(lines.joined())"))
  }

  /// Lists what was not checked, if anything.
  func list(_ unchecked: [String]) {
    guard !unchecked.isEmpty else { return }
    StandardError.print("ferry: not checked: \(unchecked.joined(separator: ", "))")
  }
}

extension ReplacementInput {
  /// What is known of the state and its device.
  var side: ReplacementCheck.Side<DeviceState> {
    let identity = device.introduction.identity
    return ReplacementCheck.Side(driver: identity.driver, ids: identity.pci, state: content)
  }
}
