import Reports
import StateLayout

extension CommandError {
  /// The end of a command that has state whose content does not tell its layout; `option` says it.
  ///
  /// What has the shape of another driver's state is no state of `driver`, if that has layouts.
  static func undecided(
    _ name: String, _ candidates: [LayoutDetection.Candidate], driver: String?, option: String
  ) -> CommandError {
    var text = "\(name): the content does not tell what state it is"
    let named = Layout.shipped(of: driver)
    if let driver, !named.isEmpty {
      text +=
        "\n  nothing in it is of the layouts of its driver \(TerminalText.text(driver)): "
        + named.map(\.name).joined(separator: ", ")
    } else {
      for candidate in candidates {
        text += "\n  it could be \(candidate.layout.name): \(candidate.reason)"
      }
    }
    return .no(text + "\n  \(option) says what it is; ferry layout list has the names")
  }
}
