import Glibc
import Replay

/// The machine's own time.
struct SystemClock: MigrationClock {
  private let start = ContinuousClock.now

  var now: Duration { ContinuousClock.now - start }

  func sleep(for duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    // A signal ends it early, as it should.
    unsafe nanosleep(&time, nil)
  }
}
