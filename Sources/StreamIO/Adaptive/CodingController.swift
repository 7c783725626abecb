package import ByteIO

/// Picks how each chunk is coded, so that the coder neither limits a fast output nor is idle before
/// a slow one.
///
/// Estimates each level's throughput, limited by the coders or by the output, and picks the
/// highest; raw if that is faster still. A chunk whose sample looks like noise stays raw.
package struct CodingController: Sendable {
  /// How a chunk is coded that is not written yet.
  package struct Choice: Sendable {
    fileprivate let index: Int?
    fileprivate let byteCount: Int

    /// The level of zstd; nil if the chunk stays as it is.
    package var level: Int? { index.map { CodingCosts.levels[$0] } }
  }

  private let threadCount: Double
  private var rate: LinkRate
  private var costs = CodingCosts()
  // How many chunks there are by level that were chosen for and are not written yet.
  private var pendingCounts = [Int](repeating: 0, count: CodingCosts.levels.count)

  /// For an output of one or several connections, to which chunks go whose turn it is.
  package init(threadCount: ThreadCount, connectionCount: Int = 1) {
    self.threadCount = Double(threadCount.rawValue)
    rate = LinkRate(connectionCount: connectionCount)
  }

  /// How the next chunk is coded.
  package mutating func choose(for buffer: borrowing ByteBuffer) -> Choice {
    var level = self.level()
    if level != nil, ByteSample.looksLikeNoise(buffer.bytes) { level = nil }
    costs.age(except: level)
    if let level { pendingCounts[level] += 1 }
    return Choice(index: level, byteCount: buffer.count)
  }

  private func level() -> Int? {
    guard let rate = rate.bytesPerSecond else { return nil }
    var best: Int?
    var most = rate
    for level in CodingCosts.levels.indices {
      let cost = costs[level]
      // One chunk is enough to measure by; of the first level it is better to guess than to send
      // many as they are.
      if level > 0, !cost.isMeasured, pendingCounts[level] > 0 { break }
      let throughput = min(threadCount / cost.secondsPerByte, rate / max(cost.share, 0.01))
      guard throughput > most else { continue }
      best = level
      most = throughput
    }
    return best
  }

  /// Takes note that a chunk that was chosen for was coded in `time`, and written in a call.
  package mutating func note(
    _ choice: Choice, codingTime time: Duration?, storedByteCount: Int, from start: Duration,
    to end: Duration
  ) {
    rate.note(storedByteCount, from: start, to: end)
    guard let level = choice.index else { return }
    pendingCounts[level] -= 1
    guard let time else { return }
    costs.note(
      level, byteCount: choice.byteCount, storedByteCount: storedByteCount, time: time)
  }
}
