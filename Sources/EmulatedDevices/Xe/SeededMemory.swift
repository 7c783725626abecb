import ByteIO

/// Memory of any size that is read and written anywhere, and takes little room if a seed makes its
/// content.
///
/// Blocks of zeros, or of the bytes that `GeneratedMemory` makes of a seed, are stored as that
/// alone. The bytes of others are kept, up to a limit.
struct SeededMemory: Sendable {
  private static let blockByteCount = GeneratedMemory.blockByteCount
  private static let zero: UInt8 = 0
  private static let kept: UInt8 = 255

  let byteCount: UInt64
  /// How much may be kept.
  private let keptLimit: Int
  private var seeds: [UInt64] = []
  // Zero, kept, or one more than the index of a seed.
  private var kinds: [UInt8]
  private var bytes: [Int: [UInt64]] = [:]
  // The block that is at hand, and whether it was written to.
  private var current = -1
  private var words = [UInt64](repeating: 0, count: blockByteCount / 8)
  private var isChanged = false

  /// Zeros.
  init(byteCount: UInt64, keptLimit: Int = 64 << 20) {
    self.byteCount = byteCount
    self.keptLimit = keptLimit
    kinds = [UInt8](repeating: Self.zero, count: GeneratedMemory.blockCount(byteCount))
  }

  /// The content that `seed` makes.
  init(byteCount: UInt64, seed: UInt64) {
    self.init(byteCount: byteCount)
    seeds = [seed]
    kinds = [UInt8](repeating: 1, count: kinds.count)
    // Of a short block at the end there may be no more than zeros.
    guard let last = kinds.indices.last else { return }
    take(last)
    isChanged = true
    settle()
  }

  /// Expects what `seed` makes from here on.
  mutating func expect(seed: UInt64) {
    settle()
    guard seeds.last != seed, seeds.count < Int(Self.kept) - 1 else { return }
    seeds.append(seed)
    for block in bytes.keys.sorted() {
      take(block)
      isChanged = true
      settle()
    }
  }

  private func byteCount(ofBlock block: Int) -> Int {
    Int(min(UInt64(Self.blockByteCount), byteCount - UInt64(block) * UInt64(Self.blockByteCount)))
  }

  private mutating func take(_ block: Int) {
    guard block != current else { return }
    settle()
    current = block
    switch kinds[block] {
    case Self.zero: words = Self.zeros
    case Self.kept: words = bytes[block] ?? Self.zeros
    case let index:
      GeneratedMemory.fill(&words, seed: seeds[Int(index) - 1], block: block, generation: 0)
      clearTail(of: block, in: &words)
    }
  }

  // A block at the end may be short: what lies behind it is zeros.
  private func clearTail(of block: Int, in words: inout [UInt64]) {
    for byte in byteCount(ofBlock: block)..<Self.blockByteCount {
      let mask: UInt64 = 0xff << UInt64(8 * (byte % 8))
      words[byte / 8] &= ~mask.littleEndian
    }
  }

  private static let zeros = [UInt64](repeating: 0, count: blockByteCount / 8)

  /// Looks at what the block at hand holds now.
  private mutating func settle() {
    guard isChanged else { return }
    isChanged = false
    bytes[current] = nil
    if words == Self.zeros {
      kinds[current] = Self.zero
      return
    }
    if let seed = seeds.last {
      var expected = Self.zeros
      GeneratedMemory.fill(&expected, seed: seed, block: current, generation: 0)
      clearTail(of: current, in: &expected)
      if words == expected {
        kinds[current] = UInt8(seeds.count)
        return
      }
    }
    kinds[current] = Self.kept
    bytes[current] = words
  }

  /// Copies what is at `offset` into `span` from `place` on, `count` bytes.
  mutating func read(
    _ count: Int, at offset: UInt64, into span: inout MutableRawSpan, at place: Int
  ) {
    var done = 0
    while done < count {
      let (block, start) = split(offset + UInt64(done))
      let part = min(count - done, Self.blockByteCount - start)
      take(block)
      // SAFETY: an integer has no padding.
      unsafe span.copy(words.span.bytes.extracting(start..<start + part), at: place + done)
      done += part
    }
  }

  /// Writes `bytes` to `offset`; false if that would keep more than the limit.
  mutating func write(_ bytes: RawSpan, at offset: UInt64) -> Bool {
    var done = 0
    while done < bytes.byteCount {
      let (block, start) = split(offset + UInt64(done))
      let part = min(bytes.byteCount - done, Self.blockByteCount - start)
      take(block)
      guard self.bytes.count * Self.blockByteCount < keptLimit else { return false }
      var span = words.mutableSpan
      // SAFETY: every bit pattern is an integer.
      var target = unsafe span.mutableBytes
      target.copy(bytes.extracting(done..<done + part), at: start)
      isChanged = true
      done += part
    }
    return true
  }

  private func split(_ offset: UInt64) -> (block: Int, start: Int) {
    (Int(offset / UInt64(Self.blockByteCount)), Int(offset % UInt64(Self.blockByteCount)))
  }

  /// A digest of the whole: equal for equal bytes, wherever they came from.
  mutating func digest() -> UInt64 {
    settle()
    var value = GeneratedMemory.mix(byteCount)
    for block in kinds.indices {
      switch kinds[block] {
      case Self.zero: value = GeneratedMemory.mix(value)
      case Self.kept:
        for word in bytes[block] ?? [] { value = GeneratedMemory.mix(value ^ word) }
      case let index:
        value = GeneratedMemory.mix(value ^ GeneratedMemory.mix(seeds[Int(index) - 1] &+ 1))
      }
    }
    return value
  }
}
