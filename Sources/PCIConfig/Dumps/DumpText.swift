import ByteIO

/// Text as people save and mail it: with a byte order mark, in UTF-16 as PowerShell writes it, in
/// Latin-1.
package enum DumpText {
  /// The same text without a byte order mark, and in UTF-8 if it was in UTF-16.
  package static func withoutEncoding(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return Array(bytes.dropFirst(3)) }
    guard let isBig = bytes.span.raw.isBigUTF16 else { return bytes }
    return utf8(bytes[...], isBig: isBig)
  }

  /// UTF-16 in UTF-8, without a mark.
  static func utf8(_ bytes: ArraySlice<UInt8>, isBig: Bool) -> [UInt8] {
    let units = stride(from: bytes.startIndex, to: bytes.endIndex &- 1, by: 2).map { index in
      let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index &+ 1]))
      return isBig ? first << 8 | second : second << 8 | first
    }
    return Array(
      String(decoding: units.first == 0xfeff ? units[1...] : units[...], as: UTF16.self).utf8)
  }

  private static let tags: Set<String> = [
    "pre", "code", "tt", "br", "p", "div", "span", "td", "tr", "th", "table", "tbody", "li", "ul",
    "b", "i", "font", "a", "body", "html", "blockquote", "samp",
  ]

  /// A line without the tags of a web page.
  static func withoutTags(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var plain: [UInt8] = []
    var rest = line
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "<"), let end = rest.prefix(256).firstIndex(of: UInt8(ascii: ">")) {
        let name = rest[..<end].drop { $0 == UInt8(ascii: "/") }
          .prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7a }
        if tags.contains(String(decoding: name, as: UTF8.self).lowercased()) {
          rest = rest[(end &+ 1)...]
          continue
        }
      }
      plain.append(byte)
    }
    return plain
  }

  /// A name in UTF-8, or else in Latin-1; it is anybody's, and may steer a terminal.
  static func string(_ bytes: ArraySlice<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
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
