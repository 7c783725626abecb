import MigrationStream

/// What a level costs in time, and leaves of the state, as far as it was seen.
struct CodingCosts {
  struct Cost {
    /// The time of one thread for a byte of state.
    var secondsPerByte: Double
    /// Stored bytes for each byte of state.
    var share: Double
    var isMeasured = false
  }

  /// The levels that are chosen from, from fast to thorough: beyond these, memory grows quickly and
  /// the gain is small.
  static let levels = [1, 3, 6]
  // Before a level was used: its time and its share by the level before's, as measured on mixed
  // state.
  private static let relativeTimes = [1.0, 1.8, 3.0]
  private static let relativeShares = [1.0, 0.94, 0.97]

  private var costs = [Cost](
    repeating: Cost(secondsPerByte: 4e-9, share: 0.5), count: levels.count)

  subscript(level: Int) -> Cost {
    if costs[level].isMeasured || level == 0 { return costs[level] }
    var cost = self[level - 1]
    cost.secondsPerByte *= Self.relativeTimes[level]
    cost.share *= Self.relativeShares[level]
    cost.isMeasured = false
    return cost
  }

  /// Takes note that a chunk was coded at another level than `level`: what was measured of the
  /// others is believed less and less if it was bad, so that it is measured again.
  mutating func age(except level: Int?) {
    for other in costs.indices where other != level && costs[other].isMeasured {
      costs[other].secondsPerByte *= 0.998
    }
  }

  /// Takes note of a chunk that was coded at `levels[level]`.
  mutating func note(_ level: Int, byteCount: Int, storedByteCount: Int, time: Duration) {
    let seconds = time / .seconds(1) / Double(byteCount)
    let share = Double(storedByteCount) / Double(byteCount)
    guard costs[level].isMeasured else {
      costs[level] = Cost(secondsPerByte: seconds, share: share, isMeasured: true)
      return
    }
    costs[level].secondsPerByte += (seconds - costs[level].secondsPerByte) / 8
    costs[level].share += (share - costs[level].share) / 8
  }
}
