import Reports

/// Shows on a terminal how far long work has come, and nothing anywhere else.
final class Progress {
  private let label: String
  private let total: UInt64?
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant
  private var width = 0

  /// `total` is the number of bytes to come, if it is known.
  init(_ label: String, total: UInt64?) {
    self.label = label
    self.total = total
    // Work that takes no time shows no progress.
    lastShown = start + .milliseconds(400)
  }

  deinit { clear() }

  func update(_ done: UInt64) {
    show {
      var text = "\(label) \(QuantityText.bytes(done))"
      if let total, total > 0 {
        text += " of \(QuantityText.bytes(total)) (\(min(100, done * 100 / total)) %)"
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      return text + ", \(QuantityText.bytes(UInt64(Double(done) / seconds)))/s"
    }
  }

  /// Shows a line in place of the one before, if that has stood long enough.
  func show(_ line: () -> String) {
    guard StandardError.isTerminal else { return }
    let now = ContinuousClock.now
    guard now - lastShown > .milliseconds(200) else { return }
    lastShown = now
    let text = line()
    let padding = String(repeating: " ", count: max(0, width - text.count))
    StandardError.write("\r\(text)\(padding)")
    width = text.count
  }

  /// Takes the line away, for what is printed next.
  func clear() {
    guard width > 0 else { return }
    StandardError.write("\r" + String(repeating: " ", count: width) + "\r")
    width = 0
  }
}
