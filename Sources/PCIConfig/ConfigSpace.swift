import ByteIO

/// The configuration space of one PCI function: its bytes, of which some may be unknown.
///
/// VFIO's sample mediated devices report 255 bytes, a conventional function has 256, a PCI Express
/// function 4096 (PCIe 7.2), and an unprivileged reader of sysfs sees only the 64 of the header.
public struct ConfigSpace: Sendable, Hashable {
  /// The numbers of bytes that a space can have.
  public static let byteCounts = 64...4096
  /// Where the extended capabilities begin (PCIe 7.6.1).
  public static let extendedStart = 0x100

  /// The bytes from offset 0; an unknown byte is 0 here.
  public let bytes: [UInt8]
  /// The bytes that a dump left out, in ascending order and disjoint.
  public let unknownRanges: [Range<Int>]
  /// Whether the function has no bytes behind the last: true of VFIO's region and of a record in a
  /// stream, while what somebody dumped may end early.
  public let isWhole: Bool

  /// A space of 64 to 4096 bytes, of which those in `unknownRanges` are not known; unless
  /// `isWhole`, the function may have more than these.
  public init(
    _ bytes: [UInt8], unknownRanges: [Range<Int>] = [], isWhole: Bool = true
  ) throws(PCIConfigError) {
    guard Self.byteCounts.contains(bytes.count) else {
      throw PCIConfigError(
        .size, "expected 64 to 4096 bytes of configuration space, found \(bytes.count)")
    }
    var bytes = bytes
    var unknown: [Range<Int>] = []
    for range in unknownRanges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let range = range.clamped(to: 0..<bytes.count)
      guard !range.isEmpty else { continue }
      for index in range { bytes[index] = 0 }
      if let last = unknown.last, range.lowerBound <= last.upperBound {
        unknown[unknown.count - 1] =
          last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        unknown.append(range)
      }
    }
    self.bytes = bytes
    self.unknownRanges = unknown
    self.isWhole = isWhole || bytes.count == Self.byteCounts.upperBound
  }

  /// The size of the space in bytes: 64, 256 or 4096, or another size that VFIO reports.
  public var byteCount: Int { bytes.count }

  /// Whether every byte of `range` lies in the space and is known.
  public func isKnown(_ range: Range<Int>) -> Bool {
    range.lowerBound >= 0 && range.upperBound <= bytes.count
      && !unknownRanges.contains { $0.overlaps(range) }
  }

  /// The bytes that are not known, in words: `32 bytes, 0x10 to 0x1f, 0x40 to 0x4f`.
  public var unknownText: String {
    let count = unknownRanges.map(\.count).reduce(0, +)
    let shown = unknownRanges.prefix(8).map { range in
      "0x\(hex(range.lowerBound, digits: 2)) to 0x\(hex(range.upperBound - 1, digits: 2))"
    }
    let rest = unknownRanges.count - shown.count
    let more = rest > 0 ? " and \(rest) more" : ""
    return "\(count) bytes, \(shown.joined(separator: ", "))\(more)"
  }

  /// The bytes of `range`, or nil if one of them lies outside or is unknown.
  public func bytes(_ range: Range<Int>) -> ArraySlice<UInt8>? {
    isKnown(range) ? bytes[range] : nil
  }
}

extension ConfigSpace {
  /// The byte at `offset`, or nil if it lies outside the space or is unknown.
  public func u8(at offset: Int) -> UInt8? {
    load(offset, byteCount: 1).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// The little-endian 16-bit value at `offset`, or nil if a byte of it is missing.
  public func u16(at offset: Int) -> UInt16? {
    load(offset, byteCount: 2).map { UInt16(truncatingIfNeeded: $0) }
  }

  /// The little-endian 32-bit value at `offset`, or nil if a byte of it is missing.
  public func u32(at offset: Int) -> UInt32? {
    load(offset, byteCount: 4).map { UInt32(truncatingIfNeeded: $0) }
  }

  /// The little-endian value of `byteCount` (1 to 8) bytes at `offset`, or nil if a byte of it
  /// is missing.
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
