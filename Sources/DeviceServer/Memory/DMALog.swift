import Devices

/// The pages that a device wrote to.
struct DMALog {
  let pageByteCount: UInt64
  private var pages: Set<UInt64> = []
  // Once there are too many to note, every page counts as written to.
  private var isFull = false
  private static let pageLimit = 1 << 20

  init(pageByteCount: UInt64) { self.pageByteCount = pageByteCount }

  mutating func note(_ address: UInt64, byteCount: Int) {
    guard byteCount > 0, !isFull else { return }
    let last = (address + UInt64(byteCount) - 1) / pageByteCount
    for page in address / pageByteCount...last { pages.insert(page) }
    guard pages.count > Self.pageLimit else { return }
    isFull = true
    pages = []
  }

  /// A bit for each page of `asked` bytes in `range`, which is not empty, in words of 64; they are
  /// clean afterwards.
  mutating func take(_ range: AddressRange, pageByteCount asked: UInt64) -> [UInt8] {
    let count = (range.byteCount + asked - 1) / asked
    var bitmap = [UInt8](repeating: 0, count: Int((count + 63) / 64 * 8))
    guard !isFull else {
      for bit in 0..<count { bitmap[Int(bit / 8)] |= 1 << UInt8(bit % 8) }
      return bitmap
    }
    // The last bytes, for behind the last page of all there is no address.
    let end = range.start + (range.byteCount - 1)
    for page in pages {
      let start = page * pageByteCount
      let pageEnd = start + (pageByteCount - 1)
      guard pageEnd >= range.start, start <= end else { continue }
      let first = (max(start, range.start) - range.start) / asked
      let last = (min(pageEnd, end) - range.start) / asked
      for bit in first...last { bitmap[Int(bit / 8)] |= 1 << UInt8(bit % 8) }
      pages.remove(page)
    }
    return bitmap
  }
}
