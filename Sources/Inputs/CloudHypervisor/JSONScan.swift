import ByteIO

/// Reads JSON (RFC 8259) token by token and builds nothing, so that memory and depth stay bounded.
struct JSONScan {
  private static let deepest = 64
  // Longer than any key and name.
  private static let longestText = 4096

  private let bytes: any JSONBytes
  private var depth = 0

  init(_ bytes: any JSONBytes) { self.bytes = bytes }

  /// The offset in the file of the next byte.
  var offset: UInt64 { bytes.offset }

  private func malformed(_ expected: String) throws(JSONError) -> JSONError {
    let found = try bytes.peek().map { "byte 0x\(hex($0, digits: 2))" } ?? "its end"
    return .malformed(at: bytes.offset, expected: expected, found: found)
  }

  /// The next byte that is no space, which stays next.
  mutating func peek() throws(JSONError) -> UInt8? {
    while let byte = try bytes.peek() {
      guard byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d else { return byte }
      bytes.advance()
    }
    return nil
  }

  /// Passes over `character` if it comes next.
  mutating func consume(_ character: Unicode.Scalar) throws(JSONError) -> Bool {
    guard try peek() == UInt8(ascii: character) else { return false }
    bytes.advance()
    return true
  }

  private mutating func require(
    _ character: Unicode.Scalar, _ expected: String
  ) throws(JSONError) {
    guard try consume(character) else { throw try malformed(expected) }
  }

  /// Throws unless nothing but space follows.
  mutating func finish() throws(JSONError) {
    if try peek() != nil { throw try malformed("the end of the JSON") }
  }

  /// Reads an object; `member` is given each key and must read the value. Null has no members.
  mutating func object(
    _ member: (String, inout JSONScan) throws(JSONError) -> Void
  ) throws(JSONError) {
    if try peek() == UInt8(ascii: "n") { return try skip() }
    try enter("{", "an object")
    if try !consume("}") {
      repeat {
        let key = try text()
        try require(":", "':'")
        try member(key, &self)
      } while try consume(",")
      try require("}", "',' or '}'")
    }
    depth -= 1
  }

  /// Reads an array; `element` must read each value. Null has no elements.
  mutating func array(
    _ element: (inout JSONScan) throws(JSONError) -> Void
  ) throws(JSONError) {
    if try peek() == UInt8(ascii: "n") { return try skip() }
    try enter("[", "an array")
    if try !consume("]") {
      repeat { try element(&self) } while try consume(",")
      try require("]", "',' or ']'")
    }
    depth -= 1
  }

  private mutating func enter(
    _ bracket: Unicode.Scalar, _ what: String
  ) throws(JSONError) {
    guard depth < Self.deepest else { throw try malformed("at most \(Self.deepest) levels") }
    try require(bracket, what)
    depth += 1
  }

  /// Reads a string of some characters.
  mutating func text() throws(JSONError) -> String {
    try require("\"", "a string")
    let content = StringJSONBytes(bytes)
    var text: [UInt8] = []
    while let byte = try content.peek() {
      guard text.count < Self.longestText else {
        throw .malformed(
          at: content.offset, expected: "a text of at most \(Self.longestText) bytes",
          found: "a longer one")
      }
      text.append(byte)
      content.advance()
    }
    bytes.advance()
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads a string without escapes, of any length, and gives its place in the file.
  mutating func plainString() throws(JSONError) -> Range<UInt64> {
    try require("\"", "a string")
    _ = try bytes.peek()
    let start = bytes.offset
    try bytes.advanceOverPlain()
    guard try bytes.peek() == UInt8(ascii: "\"") else { throw try malformed("a quote") }
    // A quote that is escaped itself has its place at the backslash.
    let end = bytes.offset
    bytes.advance()
    return start..<end
  }

  private mutating func skipString() throws(JSONError) {
    try require("\"", "a string")
    let content = StringJSONBytes(bytes)
    while try content.peek() != nil {
      content.advance()
      try content.advanceOverPlain()
    }
    bytes.advance()
  }

  /// Reads a string that holds JSON; `value` must read that.
  mutating func nested(
    _ value: (inout JSONScan) throws(JSONError) -> Void
  ) throws(JSONError) {
    try require("\"", "a string")
    let content = StringJSONBytes(bytes)
    var scan = JSONScan(content)
    try value(&scan)
    try scan.finish()
    bytes.advance()
  }

  /// Reads a number without sign and fraction; nil for any other value.
  mutating func number() throws(JSONError) -> UInt64? {
    guard let first = try peek(), Self.isDigit(first) else {
      try skip()
      return nil
    }
    var value: UInt64? = 0
    while let byte = try bytes.peek(), Self.isScalar(byte) {
      let digit = Self.isDigit(byte) ? UInt64(byte - UInt8(ascii: "0")) : nil
      value = value.flatMap { value in
        guard let digit else { return nil }
        let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
        let (sum, isFarOver) = tens.addingReportingOverflow(digit)
        return isOver || isFarOver ? nil : sum
      }
      bytes.advance()
    }
    return value
  }

  /// Reads a string, or passes over any other value.
  mutating func optionalText() throws(JSONError) -> String? {
    guard try peek() == UInt8(ascii: "\"") else {
      try skip()
      return nil
    }
    return try text()
  }

  /// Passes over any value.
  mutating func skip() throws(JSONError) {
    switch try peek() {
    case UInt8(ascii: "{"): try object { (_, scan) throws(JSONError) in try scan.skip() }
    case UInt8(ascii: "["): try array { (scan) throws(JSONError) in try scan.skip() }
    case UInt8(ascii: "\""): try skipString()
    default:
      // A number, true, false or null.
      var count = 0
      while let byte = try bytes.peek(), Self.isScalar(byte) {
        bytes.advance()
        count += 1
      }
      guard count > 0 else { throw try malformed("a value") }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isScalar(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || "E+-.".utf8.contains(byte)
  }
}
