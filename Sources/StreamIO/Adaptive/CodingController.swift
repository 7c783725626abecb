import ByteIO
import MigrationStream

/// Picks how each chunk is coded, so that the coder neither limits a fast output nor is idle before
/// a slow one.
///
/// Estimates each level's throughput, limited by the coders or by the output, and picks the
/// highest; raw if that is faster still. A chunk whose sample looks like noise stays raw.
struct CodingController {
  /// A chunk that was chosen for and is not written yet.
  private struct Pending {
    var level: Int?
    var byteCount: Int
  }

  private let threadCount: Double
  private var rate = LinkRate()
  private var costs = CodingCosts()
  private var pending: [Pending] = []

  init(threadCount: ThreadCount) {
    self.threadCount = Double(threadCount.rawValue)
  }

  /// How the next chunk is coded.
  mutating func choose(for buffer: borrowing ByteBuffer) -> Compression {
    var level = self.level()
    if level != nil, ByteSample.looksLikeNoise(buffer.bytes) { level = nil }
    costs.age(except: level)
    pending.append(Pending(level: level, byteCount: buffer.count))
    return level.map { .zstd(level: CodingCosts.levels[$0]) } ?? .raw
  }

  private func level() -> Int? {
    guard let rate = rate.bytesPerSecond else { return nil }
    var best: Int?
    var most = rate
    for level in CodingCosts.levels.indices {
      let cost = costs[level]
      // One chunk is enough to measure by; of the first level it is better to guess than to send
      // many as they are.
      if level > 0, !cost.isMeasured, pending.contains(where: { $0.level == level }) { break }
      let throughput = min(threadCount / cost.secondsPerByte, rate / max(cost.share, 0.01))
      guard throughput > most else { continue }
      best = level
      most = throughput
    }
    return best
  }

  /// Takes note that the oldest chunk that was chosen for was coded in `time`, and written in a
  /// call.
  mutating func note(
    codingTime time: Duration?, storedByteCount: Int, from start: Duration, to end: Duration
  ) {
    rate.note(storedByteCount, from: start, to: end)
    guard !pending.isEmpty else { return }
    let chunk = pending.removeFirst()
    guard let level = chunk.level, let time else { return }
    costs.note(
      level, byteCount: chunk.byteCount, storedByteCount: storedByteCount, time: time)
  }
}
