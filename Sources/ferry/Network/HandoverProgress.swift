import ArgumentParser
import ByteIO
import Reports

/// How far a handover has come: a line on a terminal, or lines of JSON for whoever steers it.
final class HandoverProgress {
  /// What `--progress` takes.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case json
  }

  private let terminal: Progress
  private let form: Form?
  private var lastShown = ContinuousClock.now - .seconds(1)

  init(_ label: String, _ form: Form?) {
    terminal = Progress(label, total: nil)
    self.form = form
  }

  /// Shows it on the terminal, or as JSON on standard error, at most five times a second.
  func show(_ text: () -> String, _ json: () -> JSONValue) {
    guard form != nil else { return terminal.show(text) }
    let now = ContinuousClock.now
    guard now - lastShown >= .milliseconds(200) else { return }
    lastShown = now
    StandardError.write(json().line + "\n")
  }

  func clear() { terminal.clear() }
}
