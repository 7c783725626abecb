import Devices

/// The pages that a device wrote to.
///
/// It notes the smallest pages that can be asked for, whatever a client's log has: of a larger one
/// a report may take a part, and the rest must stay to be reported.
struct DMALog {
  private static let pageByteCount: UInt64 = 4096
  private var pages: Set<UInt64> = []
  // Once there are too many to note, every page counts as written to.
  private var isFull = false
  private static let pageLimit = 1 << 20

  mutating func note(_ address: UInt64, byteCount: Int) {
    guard byteCount > 0, !isFull else { return }
    let last = (address + (UInt64(byteCount) - 1)) / Self.pageByteCount
    for page in address / Self.pageByteCount...last { pages.insert(page) }
    guard pages.count > Self.pageLimit else { return }
    isFull = true
    pages = []
  }

  /// A bit for each page of `asked` bytes in `range`, which is not empty, in words of 64. What was
  /// reported is clean afterwards; a page of which a part was stays.
  mutating func take(_ range: AddressRange, pageByteCount asked: UInt64) -> [UInt8] {
    let count = (range.byteCount - 1) / asked + 1
    var bitmap = [UInt8](repeating: 0, count: Int((count + 63) / 64 * 8))
    guard !isFull else {
      for bit in 0..<count { bitmap[Int(bit / 8)] |= 1 << UInt8(bit % 8) }
      return bitmap
    }
    // The last bytes, for behind the last page of all there is no address.
    let end = range.start + (range.byteCount - 1)
    for page in pages {
      let start = page * Self.pageByteCount
      let pageEnd = start + (Self.pageByteCount - 1)
      guard pageEnd >= range.start, start <= end else { continue }
      let first = (max(start, range.start) - range.start) / asked
      let last = (min(pageEnd, end) - range.start) / asked
      for bit in first...last { bitmap[Int(bit / 8)] |= 1 << UInt8(bit % 8) }
      if start >= range.start, pageEnd <= end { pages.remove(page) }
    }
    return bitmap
  }
}
