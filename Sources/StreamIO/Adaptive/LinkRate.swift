/// How many bytes a second the output takes, from the calls that write to it.
///
/// While calls wait for the output most of the time, it takes what was written in all of the time.
/// While they do not, it takes at least that; how much more is found out by and by, for a little
/// more is believed with each call. What was seen before counts less and less.
struct LinkRate {
  private var byteCount = 0.0
  private var time = 0.0
  private var waitingTime = 0.0
  private var lastEnd: Duration?
  private let connectionCount: Double

  /// Nil before anything was written.
  private(set) var bytesPerSecond: Double?

  // The time after which something counts half.
  private static let halfLife = 0.05

  /// The rate of all connections together, to which as many threads may write at a time.
  init(connectionCount: Int = 1) { self.connectionCount = Double(connectionCount) }

  /// Takes note of a call that wrote `count` bytes.
  mutating func note(_ count: Int, from start: Duration, to end: Duration) {
    let passed = max((end - (lastEnd ?? start)) / .seconds(1), 1e-9)
    lastEnd = end
    let weight = 1 / (1 + passed / Self.halfLife)
    byteCount = byteCount * weight + Double(count)
    time = time * weight + passed
    waitingTime = waitingTime * weight + max((end - start) / .seconds(1), 1e-9)
    let throughput = byteCount / time
    bytesPerSecond =
      waitingTime * 2 > time * connectionCount
      ? throughput : 1.02 * max(bytesPerSecond ?? 0, throughput)
  }
}
