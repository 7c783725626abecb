/// A region of a function as `lspci -v` lists it, above the bytes:
/// `Memory at f7200000 (64-bit, prefetchable) [size=16K]`, with `Region 0: ` before it in `-vv`.
struct DumpedRegion {
  /// The index of the BAR; nil if the line does not say.
  private let index: Int?
  /// The address; nil if none is assigned.
  private let address: UInt64?
  private let byteCount: UInt64

  /// Reads a line; nil if it is none of a BAR with a size.
  init?(_ line: some Collection<UInt8>) {
    // Longer lines are none of lspci's.
    guard line.count <= 200 else { return nil }
    let text = String(decoding: line, as: UTF8.self)
    let kinds = ["Memory at ", "I/O ports at "]
    guard let place = kinds.lazy.compactMap({ text.firstRange(of: $0)?.upperBound }).first,
      let size = text.firstRange(of: "[size=")?.upperBound, place < size,
      let count = Self.byteCount(text[size...].prefix { $0 != "]" })
    else { return nil }
    byteCount = count
    address = UInt64(text[place...].prefix { $0 != " " }, radix: 16)
    let region = "Region "
    index = text.hasPrefix(region) ? Int(text.dropFirst(region.count).prefix { $0 != ":" }) : nil
  }

  /// lspci's sizes are whole numbers of the largest unit that divides them.
  private static func byteCount(_ text: Substring) -> UInt64? {
    let units: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = text.last.flatMap { units[$0] } ?? 0
    guard let number = UInt64(shift == 0 ? text : text.dropLast()), number > 0,
      number <= .max >> shift
    else { return nil }
    return number << shift
  }

  /// The sizes of a function's BARs, by index. A line without an index is of the BAR that has its
  /// address.
  static func sizes(of regions: [DumpedRegion], in space: ConfigSpace) -> [Int: UInt64] {
    var sizes: [Int: UInt64] = [:]
    guard space.headerType == 0 else { return sizes }
    var index = 0
    while index < 6 {
      let low = space.u32(at: 0x10 + 4 * index) ?? 0
      let isWide = low & 0x7 == 0x4 && index < 5
      let high = isWide ? space.u32(at: 0x14 + 4 * index) ?? 0 : 0
      let address = UInt64(high) << 32 | UInt64(low & (low & 1 == 1 ? ~0x3 : ~0xf))
      let region = regions.first { region in
        region.index.map { $0 == index } ?? (address != 0 && region.address == address)
      }
      sizes[index] = region?.byteCount
      index += isWide ? 2 : 1
    }
    return sizes
  }
}
