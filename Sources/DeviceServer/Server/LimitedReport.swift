import VFIOUser

/// Tells of a server's events, of those that any client can bring about no more than a log holds.
final class LimitedReport {
  // Some for the devices of a VM that starts, and then a few each second.
  private static let burst = 64
  private static let interval = Duration.milliseconds(250)

  private let report: (FunctionServer.Event) -> Void
  private var left = LimitedReport.burst
  private var since = ContinuousClock.now
  private var withheldCount = 0

  init(_ report: @escaping (FunctionServer.Event) -> Void) { self.report = report }

  func tell(_ event: FunctionServer.Event) {
    if event.isOfClients {
      refill()
      guard left > 0 else {
        withheldCount += 1
        return
      }
      left -= 1
    }
    tellWithheld()
    report(event)
  }

  /// Says how many events were passed over since one was told.
  func tellWithheld() {
    guard withheldCount > 0 else { return }
    report(.withheld(count: withheldCount))
    withheldCount = 0
  }

  private func refill() {
    let now = ContinuousClock.now
    let count = Int((now - since) / Self.interval)
    guard count > 0 else { return }
    left = min(Self.burst, left + min(count, Self.burst))
    since = now
  }
}

extension FunctionServer.Event {
  /// Whether a client brings it about as often as it likes.
  fileprivate var isOfClients: Bool {
    switch self {
    case .connected, .waiting, .cleared, .turnedAway, .left, .refused, .foreign: true
    case .listening, .trusted, .control, .withheld: false
    }
  }
}
