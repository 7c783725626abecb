/// Cuts an expression's text into tokens.
struct ExpressionLexer {
  enum Token: Hashable {
    case integer(Int128)
    case text(String)
    case name(String)
    case symbol(String)
    case end
  }

  private let text: [UInt8]
  private var position = 0

  init(_ text: String) { self.text = Array(text.utf8) }

  private static let symbols = [
    "<<", ">>", "<=", ">=", "==", "!=", "::", "+", "-", "*", "/", "%", "&", "|", "^", "~", "<", ">",
    "?", ":", "(", ")", "[", "]", ".", ",",
  ].map { Array($0.utf8) }

  mutating func next() throws(ExpressionProblem) -> Token {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
    guard position < text.count else { return .end }
    let byte = text[position]
    if Self.isDigit(byte) { return try number() }
    if Self.isNameByte(byte) {
      let start = position
      while position < text.count, Self.isNameByte(text[position]) { position += 1 }
      return .name(String(decoding: text[start..<position], as: UTF8.self))
    }
    if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try string(byte) }
    for symbol in Self.symbols where text[position...].starts(with: symbol) {
      position += symbol.count
      return .symbol(String(decoding: symbol, as: UTF8.self))
    }
    throw ExpressionProblem(
      message: "expected an operator or a value at character \(position + 1)")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == 0x5f || (0x61...0x7a).contains(byte | 0x20)
  }

  private mutating func number() throws(ExpressionProblem) -> Token {
    let start = position
    while position < text.count, Self.isNameByte(text[position]) { position += 1 }
    var isFloat = false
    if position + 1 < text.count, text[position] == UInt8(ascii: "."),
      Self.isDigit(text[position + 1])
    {
      isFloat = true
    }
    let word = String(decoding: text[start..<position].filter { $0 != 0x5f }, as: UTF8.self)
    var digits = Substring(word)
    var radix = 10
    for (prefix, base) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)]
    where word.hasPrefix(prefix) {
      digits = word.dropFirst(2)
      radix = base
    }
    if isFloat {
      throw ExpressionProblem(message: "floating-point numbers", isUnsupported: true)
    }
    // More than any integer that a layout can read, and far from what the arithmetic can hold.
    guard let value = Int128(digits, radix: radix), value <= Int128(UInt64.max) else {
      throw ExpressionProblem(message: "expected an integer of at most 64 bits, found '\(word)'")
    }
    return .integer(value)
  }

  private mutating func string(_ quote: UInt8) throws(ExpressionProblem) -> Token {
    position += 1
    var bytes: [UInt8] = []
    while position < text.count, text[position] != quote {
      var byte = text[position]
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        position += 1
        guard position < text.count else { break }
        switch text[position] {
        case UInt8(ascii: "n"): byte = 0x0a
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "r"): byte = 0x0d
        case UInt8(ascii: "0"): byte = 0
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte = text[position]
        default:
          throw ExpressionProblem(
            message: "expected one of \\n \\t \\r \\0 \\\\ \\\" at character \(position)")
        }
      }
      bytes.append(byte)
      position += 1
    }
    guard position < text.count else {
      throw ExpressionProblem(message: "expected the end of the text that begins with a quote")
    }
    position += 1
    return .text(String(decoding: bytes, as: UTF8.self))
  }
}
