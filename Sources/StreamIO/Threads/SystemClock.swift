private import Glibc
public import MigrationStream

/// The machine's own time.
public struct SystemClock: MigrationClock, Sendable {
  private let start = ContinuousClock.now

  /// A clock that counts from now.
  public init() {}

  public var now: Duration { ContinuousClock.now - start }

  public func sleep(for duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    // A signal ends it early, as it should.
    unsafe nanosleep(&time, nil)
  }
}
