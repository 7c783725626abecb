public import QEMUStream
public import VirtualPCI

// What the profile commands print for people.

extension CheckReport {
  /// The answer, and below it every reason, warning and note.
  public var text: String {
    var lines = ["\(device) \(canCarry ? "can" : "cannot") carry \(profile)"]
    lines += reasons.map { "  refused: \($0)" }
    lines += warnings.map { "  warning: \($0)" }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }
}

extension QEMULoadCheck {
  /// The answer, QEMU's own message, every byte that would be refused, and what machine versions change.
  public var text: String {
    var lines = [isAccepted ? "QEMU would load it" : "QEMU would refuse it"]
    if let message { lines.append("  \(message)") }
    lines += refused.map { "  refused: \($0.field): \($0.summary)" }
    lines += machineProperties.map {
      "  \($0.name)=\($0.value) (machines \($0.machines)): \($0.refused) byte\($0.refused == 1 ? "" : "s") refused"
        + ($0.changesAnswer ? ", which changes the answer" : "")
    }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }
}
