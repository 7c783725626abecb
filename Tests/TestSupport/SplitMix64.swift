/// A small generator with a seed, so that a failing property names the case that failed (Steele,
/// Lea and Flood 2014).
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// `count` random bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    bytes(count, masked: 0xff)
  }

  /// `count` random bytes, of each the bits of `mask`.
  ///
  /// A loop over memory: tests take many megabytes, and an unoptimized `map` some 300 ns a byte.
  mutating func bytes(_ count: Int, masked mask: UInt8) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      while initialized < count {
        (base + initialized).initialize(to: UInt8(truncatingIfNeeded: next()) & mask)
        initialized += 1
      }
    }
  }
}
