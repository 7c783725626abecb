import ByteIO

/// Reads JSON (RFC 8259) token by token and builds nothing, so that memory and depth stay bounded.
struct JSONScanner: ~Escapable {
  private static var deepest: Int { 64 }

  private let bytes: RawSpan
  private let baseOffset: UInt64
  private(set) var position = 0
  private var depth = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, baseOffset: UInt64) {
    self.bytes = bytes
    self.baseOffset = baseOffset
  }

  func malformed(_ expected: String) -> QEMUStreamError {
    let found = position < bytes.byteCount ? "byte 0x\(hex(bytes[byte: position]))" : "its end"
    return QEMUStreamError(
      .malformedDescription, at: baseOffset &+ UInt64(position), expected: expected, found: found)
  }

  // MARK: Tokens

  private mutating func skipSpace() {
    while position < bytes.byteCount {
      switch bytes[byte: position] {
      case 0x20, 0x09, 0x0a, 0x0d: position &+= 1
      default: return
      }
    }
  }

  /// The next byte that is no space, which stays next.
  private mutating func peek() -> UInt8? {
    skipSpace()
    return position < bytes.byteCount ? bytes[byte: position] : nil
  }

  /// Passes over `byte` if it comes next.
  private mutating func consume(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position &+= 1
    return true
  }

  /// Throws unless nothing but space follows.
  mutating func finish() throws(QEMUStreamError) {
    if peek() != nil { throw malformed("the end of the JSON") }
  }

  // MARK: Values

  /// Reads an object; `member` is given each key and must read the value.
  mutating func object(
    _ member: (String, inout JSONScanner) throws(QEMUStreamError) -> Void
  ) throws(QEMUStreamError) {
    try enter("{", "an object")
    if !consume(UInt8(ascii: "}")) {
      repeat {
        let key = try string()
        guard consume(UInt8(ascii: ":")) else { throw malformed("':'") }
        try member(key, &self)
      } while consume(UInt8(ascii: ","))
      guard consume(UInt8(ascii: "}")) else { throw malformed("',' or '}'") }
    }
    depth -= 1
  }

  /// Reads an array; `element` must read each value.
  mutating func array(
    _ element: (inout JSONScanner) throws(QEMUStreamError) -> Void
  ) throws(QEMUStreamError) {
    try enter("[", "an array")
    if !consume(UInt8(ascii: "]")) {
      repeat { try element(&self) } while consume(UInt8(ascii: ","))
      guard consume(UInt8(ascii: "]")) else { throw malformed("',' or ']'") }
    }
    depth -= 1
  }

  private mutating func enter(
    _ bracket: Unicode.Scalar, _ what: String
  ) throws(QEMUStreamError) {
    guard depth < Self.deepest else { throw malformed("at most \(Self.deepest) levels") }
    guard consume(UInt8(ascii: bracket)) else { throw malformed(what) }
    depth += 1
  }

  /// Reads a string. An escape stays as it is written: no name of QEMU's has one.
  mutating func string() throws(QEMUStreamError) -> String {
    guard consume(UInt8(ascii: "\"")) else { throw malformed("a string") }
    let start = position
    while position < bytes.byteCount {
      switch bytes[byte: position] {
      case UInt8(ascii: "\""):
        let text = [UInt8](bytes.extracting(start..<position))
        position &+= 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): position &+= 2
      case 0..<0x20: throw malformed("a string without control characters")
      default: position &+= 1
      }
    }
    position = bytes.byteCount
    throw malformed("the end of a string")
  }

  /// Reads a whole number, with the range of its digits.
  mutating func number() throws(QEMUStreamError) -> (value: UInt64, digits: Range<Int>) {
    _ = peek()
    let start = position
    var value: UInt64 = 0
    while position < bytes.byteCount,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[byte: position])
    {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(
        UInt64(bytes[byte: position] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw malformed("a number of 64 bits") }
      value = sum
      position &+= 1
    }
    guard position > start else { throw malformed("a whole number") }
    return (value, start..<position)
  }

  /// Passes over any value.
  mutating func skip() throws(QEMUStreamError) {
    switch peek() {
    case UInt8(ascii: "{"):
      try object { (_, scanner) throws(QEMUStreamError) in try scanner.skip() }
    case UInt8(ascii: "["): try array { (scanner) throws(QEMUStreamError) in try scanner.skip() }
    case UInt8(ascii: "\""): _ = try string()
    default:
      // A number, true, false or null: their values do not matter here.
      let start = position
      while position < bytes.byteCount, Self.isScalar(bytes[byte: position]) { position &+= 1 }
      guard position > start else { throw malformed("a value") }
    }
  }

  private static func isScalar(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
