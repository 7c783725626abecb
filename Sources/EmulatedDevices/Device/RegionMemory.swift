/// The bytes of a region that nothing acts on: pages that were written to, the others 0.
struct RegionMemory {
  private var pages: [UInt64: [UInt8]] = [:]
  private static let pageByteCount: UInt64 = 4096

  /// How many pages were written to.
  var pageCount: Int { pages.count }

  func read(at offset: UInt64, byteCount: Int) -> [UInt8] {
    (offset..<offset + UInt64(byteCount)).map { place in
      pages[place / Self.pageByteCount]?[Int(place % Self.pageByteCount)] ?? 0
    }
  }

  mutating func write(_ bytes: [UInt8], at offset: UInt64) {
    for (place, byte) in zip(offset..., bytes) {
      pages[
        place / Self.pageByteCount,
        default: [UInt8](repeating: 0, count: Int(Self.pageByteCount))
      ][Int(place % Self.pageByteCount)] = byte
    }
  }

  /// How many pages a write would add.
  func newPages(at offset: UInt64, byteCount: Int) -> Int {
    guard byteCount > 0 else { return 0 }
    let last = (offset + UInt64(byteCount) - 1) / Self.pageByteCount
    return (offset / Self.pageByteCount...last).count { pages[$0] == nil }
  }
}
