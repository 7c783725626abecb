import ByteIO

/// A few bytes of a chunk, from all over it, for a first look.
enum ByteSample {
  private static let pieceCount = 16
  private static let pieceByteCount = 256

  /// Whether the bytes are spread so evenly over their values that no coder would find much.
  ///
  /// Of 4096 bytes of noise, each value comes 16 times; the sum of the squared counts is then 2^16
  /// and some 4080 more (the statistic is chi-squared with 255 degrees of freedom, times 16). Text,
  /// code and tables give many times that.
  static func looksLikeNoise(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= pieceCount * pieceByteCount else { return false }
    var counts = [256 of UInt32](repeating: 0)
    let stride = (bytes.byteCount - pieceByteCount) / (pieceCount - 1)
    for piece in 0..<pieceCount {
      let start = piece &* stride
      for index in start..<start &+ pieceByteCount {
        counts[Int(bytes[byte: index])] &+= 1
      }
    }
    var sum: UInt32 = 0
    for value in counts.indices { sum &+= counts[value] &* counts[value] }
    // Ten standard deviations above what noise has.
    return sum < 65_536 + 4080 + 10 * 361
  }
}
