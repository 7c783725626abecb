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

  /// Where `word`, which is not empty, first stands in `bytes`; nil if it does not.
  ///
  /// A loop, for every line of a text is searched, and the library's search takes memory each time.
  static func range(of word: String, in bytes: ArraySlice<UInt8>) -> Range<Int>? {
    let text = bytes.span
    let wordText = word.utf8
    let word = wordText.span
    let first = word[0]
    var start = 0
    while start &+ word.count <= text.count {
      if text[start] == first {
        var length = 1
        while length < word.count, text[start &+ length] == word[length] { length &+= 1 }
        if length == word.count {
          let place = bytes.startIndex &+ start
          return place..<place &+ length
        }
      }
      start &+= 1
    }
    return nil
  }

  /// Whether `byte` stands in `bytes`.
  static func has(_ byte: UInt8, in bytes: ArraySlice<UInt8>) -> Bool {
    let text = bytes.span
    var index = 0
    while index < text.count {
      if text[index] == byte { return true }
      index &+= 1
    }
    return false
  }
}
