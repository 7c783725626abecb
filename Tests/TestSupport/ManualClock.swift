import MigrationStream
import Replay

/// Time that moves only when a test or an engine moves it.
final class ManualClock: MigrationClock {
  private(set) var now = Duration.zero
  private(set) var sleptFor = Duration.zero

  func advance(by duration: Duration) { now += duration }

  func sleep(for duration: Duration) {
    now += duration
    sleptFor += duration
  }
}
