extension ConfigSpace {
  /// The byte at `offset`, or nil where it lies outside the space or is unknown.
  public func u8(at offset: Int) -> UInt8? {
    load(offset, byteCount: 1).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// The little-endian 16-bit value at `offset`, or nil where a byte of it is missing.
  public func u16(at offset: Int) -> UInt16? {
    load(offset, byteCount: 2).map { UInt16(truncatingIfNeeded: $0) }
  }

  /// The little-endian 32-bit value at `offset`, or nil where a byte of it is missing.
  public func u32(at offset: Int) -> UInt32? {
    load(offset, byteCount: 4).map { UInt32(truncatingIfNeeded: $0) }
  }

  /// The little-endian value of `byteCount` (1 to 8) bytes at `offset`, or nil where a byte of it is missing.
  public func load(_ offset: Int, byteCount: Int) -> UInt64? {
    guard (1...8).contains(byteCount), offset >= 0, offset <= bytes.count &- byteCount,
      unknownRanges.isEmpty || isKnown(offset..<offset &+ byteCount)
    else { return nil }
    var value: UInt64 = 0
    for index in stride(from: byteCount &- 1, through: 0, by: -1) {
      value = value << 8 | UInt64(bytes[offset &+ index])
    }
    return value
  }
}
