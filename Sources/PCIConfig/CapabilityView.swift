/// A capability's bytes as its table sees them: offsets from its header, missing bytes read as zero.
public struct CapabilityView: Sendable {
  public let space: ConfigSpace
  /// Where the capability's header lies.
  public let offset: Int

  public init(_ space: ConfigSpace, at offset: Int) {
    self.space = space
    self.offset = offset
  }

  /// The little-endian value of `byteCount` bytes, `start` bytes behind the header's first.
  public func load(_ start: Int, byteCount: Int) -> UInt64 {
    space.load(offset &+ start, byteCount: byteCount) ?? 0
  }

  /// The bits `range` of the register at `start`; only the bytes up to the highest bit need be there.
  public func bits(_ range: ClosedRange<Int>, at start: Int) -> Int {
    let byteCount = min(8, range.upperBound / 8 &+ 1)
    let value = load(start, byteCount: byteCount)
    return Int(truncatingIfNeeded: value.extracting(range))
  }

  /// Whether bit `bit` of the register at `start` is set.
  public func isSet(_ bit: Int, at start: Int) -> Bool { bits(bit...bit, at: start) != 0 }
}

extension UInt64 {
  /// The bits `range`, of 0 to 63, moved down to bit 0.
  func extracting(_ range: ClosedRange<Int>) -> UInt64 {
    let shifted = self >> UInt64(range.lowerBound)
    return range.count >= 64 ? shifted : shifted & ((1 << UInt64(range.count)) &- 1)
  }
}
