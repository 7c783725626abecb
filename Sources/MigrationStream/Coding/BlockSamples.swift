import ByteIO

/// Fingerprints of a few bytes of a chunk, taken at a fixed distance: enough to tell whether it was
/// sent before.
///
/// Bytes that are all alike have none: zeros are everywhere, and cost nothing in any coding.
enum BlockSamples {
  private static let distance = 16 << 10
  private static let sampleByteCount = 64

  /// The fingerprints of a chunk; they tell devices apart.
  static func fingerprints(of bytes: RawSpan, device: UInt16) -> [UInt64] {
    var fingerprints: [UInt64] = []
    for start in stride(from: 0, to: bytes.byteCount, by: distance)
    where bytes.byteCount - start >= sampleByteCount {
      let first = bytes.little(UInt64.self, at: start)
      var hash = UInt64(device) &+ 0x9e37_79b9_7f4a_7c15
      var isConstant = true
      for word in 0..<sampleByteCount / 8 {
        let value = bytes.little(UInt64.self, at: start &+ word &* 8)
        isConstant = isConstant && value == first
        // A multiplier of SplitMix64 (Steele, Lea and Flood 2014).
        hash = (hash ^ value) &* 0xbf58_476d_1ce4_e5b9
        hash ^= hash >> 29
      }
      if !isConstant { fingerprints.append(hash) }
    }
    return fingerprints
  }
}
