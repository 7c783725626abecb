public import MigrationStream

/// Time that moves only when a test or an engine moves it.
public final class ManualClock: MigrationClock {
  public private(set) var now = Duration.zero
  public private(set) var sleptFor = Duration.zero

  public init() {}

  public func advance(by duration: Duration) { now += duration }

  public func sleep(for duration: Duration) {
    now += duration
    sleptFor += duration
  }
}
