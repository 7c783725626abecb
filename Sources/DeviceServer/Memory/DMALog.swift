import Devices

/// The pages that a device wrote to.
struct DMALog {
  let pageByteCount: UInt64
  private var pages: Set<UInt64> = []

  init(pageByteCount: UInt64) { self.pageByteCount = pageByteCount }

  mutating func note(_ address: UInt64, byteCount: Int) {
    guard byteCount > 0 else { return }
    let last = (address + UInt64(byteCount) - 1) / pageByteCount
    for page in address / pageByteCount...last { pages.insert(page) }
  }

  /// A bit for each page of `pageByteCount` in `range`, in words of 64; they are clean afterwards.
  mutating func take(_ range: AddressRange, pageByteCount asked: UInt64) -> [UInt8] {
    let count = (range.byteCount + asked - 1) / asked
    var bitmap = [UInt8](repeating: 0, count: Int((count + 63) / 64 * 8))
    let end = range.start + range.byteCount
    for page in pages {
      let (start, past) = (page * pageByteCount, (page + 1) * pageByteCount)
      guard past > range.start, start < end else { continue }
      let first = (max(start, range.start) - range.start) / asked
      let last = (min(past, end) - 1 - range.start) / asked
      for bit in first...last { bitmap[Int(bit / 8)] |= 1 << UInt8(bit % 8) }
      pages.remove(page)
    }
    return bitmap
  }
}
