/// Numbers in the characters of a text.
enum Digits {
  /// The value of a hexadecimal digit; nil if it is none.
  static func value(of character: UInt8) -> UInt8? {
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
      guard let digit = Self.value(of: digit), digit < radix else { return nil }
      value = value &* radix &+ UInt64(digit)
    }
    return value
  }
}
