/// A capability's bytes as its table sees them: offsets from its header, missing bytes read as
/// zero.
public struct CapabilityView: Sendable {
  /// The space that the capability lies in.
  public let space: ConfigSpace
  /// Where the capability's header lies.
  public let offset: Int
  /// What a byte that the space lacks reads as.
  private let missing: UInt8

  /// The capability of `space` whose header lies at `offset`.
  public init(_ space: ConfigSpace, at offset: Int) {
    self.init(space, at: offset, readingMissingAs: 0)
  }

  /// The same, with other bytes if the space has none, by which it shows what depends on them.
  init(_ space: ConfigSpace, at offset: Int, readingMissingAs missing: UInt8) {
    self.space = space
    self.offset = offset
    self.missing = missing
  }

  /// The little-endian value of `byteCount` bytes, `start` bytes behind the header's first.
  public func load(_ start: Int, byteCount: Int) -> UInt64 {
    if let value = space.load(offset &+ start, byteCount: byteCount) { return value }
    return missing == 0 ? 0 : .max.extracting(0...max(0, min(64, 8 &* byteCount) &- 1))
  }

  /// The bits `range` of the register at `start`; only the bytes up to the highest bit need be
  /// there.
  public func bits(_ range: ClosedRange<Int>, at start: Int) -> Int {
    let byteCount = min(8, range.upperBound / 8 &+ 1)
    let value = load(start, byteCount: byteCount)
    return Int(truncatingIfNeeded: value.extracting(range))
  }

  /// Whether bit `bit` of the register at `start` is set.
  public func isSet(_ bit: Int, at start: Int) -> Bool { bits(bit...bit, at: start) != 0 }
}

extension ConfigSpace {
  /// What `read` makes of the capability at `offset`; nil if it depends on bytes that are missing.
  func settled<Value: Equatable>(
    at offset: Int, _ read: (CapabilityView) -> Value?
  ) -> Value? {
    let value = read(CapabilityView(self, at: offset))
    guard !unknownRanges.isEmpty || !isWhole else { return value }
    let other = read(CapabilityView(self, at: offset, readingMissingAs: 0xff))
    return value == other ? value : nil
  }
}

extension UInt64 {
  /// The bits `range`, of 0 to 63, moved down to bit 0.
  func extracting(_ range: ClosedRange<Int>) -> UInt64 {
    let shifted = self >> UInt64(range.lowerBound)
    return range.count >= 64 ? shifted : shifted & ((1 << UInt64(range.count)) &- 1)
  }
}

extension CapabilityView {
  /// Where the function's PCI Express capability lies: some structures repeat once a lane, or
  /// depend on the port type.
  var expressOffset: Int? {
    guard let type = space.headerType, type < 2, (space.u16(at: 0x06) ?? 0) & 0x10 != 0 else {
      return nil
    }
    var offset = Int((space.u8(at: 0x34) ?? 0) & 0xfc)
    // The list has room for 48 capabilities of four bytes, so a longer walk is a loop.
    for _ in 0..<48 where offset >= 0x40 {
      guard let id = space.u8(at: offset), let next = space.u8(at: offset &+ 1) else { return nil }
      if id == 0x10 { return offset }
      offset = Int(next & 0xfc)
    }
    return nil
  }

  /// The device or port type of the function's PCI Express capability.
  var portType: Int? {
    expressOffset.flatMap { space.u16(at: $0 &+ 2) }.map { Int($0 >> 4 & 0xf) }
  }

  /// The Maximum Link Width, by which registers repeat; 0 for a function without a link.
  var laneCount: Int {
    guard let offset = expressOffset, let link = space.u32(at: offset &+ 0x0c) else { return 0 }
    return min(32, Int(link >> 4 & 0x3f))
  }

  /// Whether the function may put prefixes in front of its packets, which AER then logs (Device
  /// Capabilities 2).
  var supportsEndEndPrefix: Bool {
    guard let offset = expressOffset, (space.u16(at: offset &+ 2) ?? 0) & 0xf >= 2 else {
      return false
    }
    return (space.u32(at: offset &+ 0x24) ?? 0) & 1 << 21 != 0
  }
}
