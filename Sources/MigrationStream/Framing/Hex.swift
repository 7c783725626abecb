import ByteIO

/// Hexadecimal as messages spell it.
enum Hex {
  static func word(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  static func spaced(_ bytes: RawSpan) -> String {
    (0..<bytes.byteCount).map { byte(bytes[byte: $0]) }.joined(separator: " ")
  }

  static func packed(_ bytes: [UInt8]) -> String { bytes.map(byte).joined() }

  private static func byte(_ value: UInt8) -> String {
    (value < 16 ? "0" : "") + String(value, radix: 16)
  }
}
