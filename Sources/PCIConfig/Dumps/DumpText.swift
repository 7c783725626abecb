/// Text as people save and mail it: with a byte order mark, in UTF-16 as PowerShell writes it, in
/// Latin-1.
enum DumpText {
  /// The text in UTF-8 or Latin-1; nil if `bytes` are no text.
  ///
  /// Text has no control characters but those of terminals, and some of it is ASCII: a space of
  /// ones has neither.
  static func decoded(_ bytes: [UInt8]) -> [UInt8]? {
    let text = withoutEncoding(bytes)
    var asciiCount = 0
    for byte in text {
      switch byte {
      case 0x09, 0x0a, 0x0c, 0x0d, 0x1b, 0x20..<0x7f: asciiCount &+= 1
      case 0x80...: break
      default: return nil
      }
    }
    return asciiCount &* 2 >= text.count ? text : nil
  }

  /// The same text without a byte order mark, and in bytes if it was in UTF-16.
  static func withoutEncoding(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return Array(bytes.dropFirst(3)) }
    if bytes.starts(with: [0xff, 0xfe]) { return fromUTF16(bytes.dropFirst(2), high: 1) }
    if bytes.starts(with: [0xfe, 0xff]) { return fromUTF16(bytes.dropFirst(2), high: 0) }
    // Without a mark, the zeros of ASCII's high bytes give it away.
    let sample = bytes.prefix(512)
    guard sample.count >= 8 else { return bytes }
    for high in [1, 0] {
      let isWide = sample.indices.allSatisfy { index in
        let isText = (0x20..<0x7f).contains(sample[index]) || (9...13).contains(sample[index])
        return index & 1 == high ? sample[index] == 0 : isText
      }
      if isWide { return fromUTF16(bytes[...], high: high) }
    }
    return bytes
  }

  private static func fromUTF16(_ bytes: ArraySlice<UInt8>, high: Int) -> [UInt8] {
    let start = bytes.startIndex
    let units = (0..<bytes.count / 2).map { index in
      UInt16(bytes[start &+ 2 &* index &+ high]) << 8
        | UInt16(bytes[start &+ 2 &* index &+ 1 &- high])
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }

  /// Text that a terminal can show: a dump's names are anybody's, and control characters could
  /// steer it.
  static func printable(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    let scalars =
      String(validating: bytes, as: UTF8.self)?.unicodeScalars.map { $0 }
      ?? bytes.map { Unicode.Scalar($0) }
    for scalar in scalars {
      text.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar)
    }
    return String(text)
  }

  /// The value of a hexadecimal digit; nil if it is none.
  static func hexValue(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character &- 0x30
    case 0x41...0x46: character &- 0x37
    case 0x61...0x66: character &- 0x57
    default: nil
    }
  }

  /// The value of up to 16 digits in `radix`; nil if they are none.
  static func value(_ digits: ArraySlice<UInt8>, radix: UInt64) -> UInt64? {
    guard (1...16).contains(digits.count) else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard let digit = hexValue(digit), digit < radix else { return nil }
      value = value &* radix &+ UInt64(digit)
    }
    return value
  }
}
