import MigrationStream
import Synchronization

/// A clock by which looking at the time takes a millisecond, and nothing else but sleeping takes
/// any.
final class SteppingClock: MigrationClock, Sendable {
  private let time = Mutex(Duration.zero)

  var now: Duration {
    time.withLock { time in
      time += .milliseconds(1)
      return time
    }
  }

  func sleep(for duration: Duration) {
    time.withLock { $0 += max(duration, .zero) }
  }
}
