/// How many bytes a second the output takes, from the calls that write to it.
///
/// While calls wait for the output most of the time, it takes what was written in all of the time; while they hardly do, it
/// takes at least what was written in the time that they took. What was seen before counts less and less.
struct LinkRate {
  private var byteCount = 0.0
  private var time = 0.0
  private var waitingTime = 0.0
  private var lastEnd: Duration?

  // The time after which something counts half.
  private static let halfLife = 0.05

  /// Takes note of a call that wrote `count` bytes.
  mutating func note(_ count: Int, from start: Duration, to end: Duration) {
    let passed = max((end - (lastEnd ?? start)) / .seconds(1), 1e-9)
    lastEnd = end
    let weight = 1 / (1 + passed / Self.halfLife)
    byteCount = byteCount * weight + Double(count)
    time = time * weight + passed
    waitingTime = waitingTime * weight + max((end - start) / .seconds(1), 1e-9)
  }

  /// Nil before anything was written.
  var bytesPerSecond: Double? {
    guard byteCount > 0 else { return nil }
    return byteCount / (waitingTime * 2 > time ? time : waitingTime)
  }
}
