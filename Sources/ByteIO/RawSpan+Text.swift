extension RawSpan {
  /// Whether the bytes are text that a person can read: ASCII, UTF-8, some other encoding with few
  /// bytes beyond ASCII, or UTF-16.
  ///
  /// Text has no control characters but those of lines, pages, tabs and terminals. A character that
  /// is cut off at the end does not count, so the front of a text is one. No bytes are no text.
  public var isText: Bool {
    guard byteCount > 0 else { return false }
    if let isBig = isBigUTF16 { return isUTF16(isBig: isBig) }
    var index = 0
    var strangeCount = 0
    while index < byteCount {
      let byte = self[byte: index]
      guard byte >= 0x80 else {
        if Self.isControl(UInt16(byte)) { return false }
        index &+= 1
        continue
      }
      if let length = characterLength(at: index) {
        index &+= length
      } else {
        strangeCount &+= 1
        index &+= 1
      }
    }
    // Latin-1 and its like have one in dozens.
    return strangeCount &* 8 <= byteCount
  }

  /// Whether the bytes begin as UTF-16 with its high bytes first, or last; nil if they do not. A
  /// mark says so, or the zeros of ASCII's high bytes.
  public var isBigUTF16: Bool? {
    guard byteCount > 3 else { return nil }
    switch (self[byte: 0], self[byte: 1]) {
    case (0xfe, 0xff): return true
    case (0xff, 0xfe): return false
    default: break
    }
    guard byteCount >= 8 else { return nil }
    let isBig = self[byte: 0] == 0
    for index in 0..<Swift.min(byteCount, 512) {
      let byte = self[byte: index]
      guard (index & 1 == 0) == isBig ? byte == 0 : byte != 0 && !Self.isControl(UInt16(byte))
      else { return nil }
    }
    return isBig
  }

  private func isUTF16(isBig: Bool) -> Bool {
    var plainCount = 0
    for index in stride(from: 2, to: byteCount & ~1, by: 2) {
      let stored = little(UInt16.self, at: index)
      let unit = isBig ? stored.byteSwapped : stored
      if Self.isControl(unit) { return false }
      if unit < 0x80 { plainCount &+= 1 }
    }
    // What is read here has at least its digits, spaces and punctuation in ASCII; bytes that begin
    // with the mark by chance have next to none.
    return plainCount &* 4 >= byteCount / 2
  }

  /// The length of the UTF-8 character at `index`, whose first byte is not ASCII; nil for other
  /// bytes. One that the end cuts off has what there is of it.
  private func characterLength(at index: Int) -> Int? {
    let length: Int
    switch self[byte: index] {
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef: length = 3
    case 0xf0...0xf4: length = 4
    default: return nil
    }
    let end = Swift.min(index + length, byteCount)
    for next in index + 1..<Swift.max(end, index + 1) where self[byte: next] & 0xc0 != 0x80 {
      return nil
    }
    return end - index
  }

  private static func isControl(_ unit: UInt16) -> Bool {
    switch unit {
    // Tab, line feed, page, carriage return; backspace and escape of what terminals were shown.
    case 0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x1b: false
    default: unit < 0x20 || unit == 0x7f
    }
  }
}
