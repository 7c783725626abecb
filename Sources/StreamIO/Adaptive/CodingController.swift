import ByteIO
import MigrationStream

/// Picks how each chunk is coded, so that the coder neither limits a fast output nor is idle before a slow one.
///
/// The highest level is taken at which all threads together keep up with the output. Where not even the lowest does, a chunk is
/// coded only if that will be done before the output is through with what lies before it, and goes as it is otherwise. So does
/// a chunk of which a sample looks like noise.
struct CodingController {
  /// A chunk that was chosen for and is not written yet.
  private struct Pending {
    var level: Int?
    var byteCount: Int
    var time: Double
    var storedByteCount: Double
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
    let count = buffer.count
    var level = self.level(for: count)
    if level != nil, ByteSample.looksLikeNoise(buffer.bytes) { level = nil }
    let cost = level.map { costs[$0] }
    pending.append(
      Pending(
        level: level, byteCount: count, time: Double(count) * (cost?.secondsPerByte ?? 0),
        storedByteCount: Double(count) * (cost?.share ?? 1)))
    return level.map { .zstd(level: CodingCosts.levels[$0]) } ?? .raw
  }

  private func level(for count: Int) -> Int? {
    guard let rate = rate.bytesPerSecond else { return nil }
    let keepingUp = CodingCosts.levels.indices.last { level in
      let cost = costs[level]
      // With a tenth to spare, for estimates are what they are.
      return threadCount / cost.secondsPerByte > 1.1 * rate / max(cost.share, 0.01)
    }
    if let keepingUp { return keepingUp }
    let coderTime = pending.reduce(0) { $0 + $1.time } / threadCount
    let outputTime = pending.reduce(0) { $0 + $1.storedByteCount } / rate
    return coderTime + Double(count) * costs[0].secondsPerByte <= outputTime ? 0 : nil
  }

  /// Takes note that the oldest chunk that was chosen for was coded in `time`, and written in a call.
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
