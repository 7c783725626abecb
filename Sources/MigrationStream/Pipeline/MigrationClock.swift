/// Time as engines and adaptive writers see it: a test brings its own, so that what it sees does
/// not depend on the machine.
public protocol MigrationClock {
  /// The time since some fixed moment; it never goes back.
  var now: Duration { get }

  /// Lets time pass.
  func sleep(for duration: Duration)
}
