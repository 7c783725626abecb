import ByteIO

/// Some bits of a register under one name.
public struct BitField: Sendable {
  public let name: String
  /// Bit numbers within the register, at most 63.
  public let bits: ClosedRange<Int>
  public let meaning: FieldMeaning

  public init(_ name: String, _ bits: ClosedRange<Int>, _ meaning: FieldMeaning) {
    precondition(bits.lowerBound >= 0 && bits.upperBound < 64, "bits are numbered 0 to 63")
    self.name = name
    self.bits = bits
    self.meaning = meaning
  }

  /// One bit that is on or off.
  public static func flag(_ name: String, _ bit: Int) -> Self { Self(name, bit...bit, .flag) }

  public static func number(_ name: String, _ bits: ClosedRange<Int>) -> Self {
    Self(name, bits, .number(unit: ""))
  }

  public static func number(_ name: String, _ bits: ClosedRange<Int>, unit: String) -> Self {
    Self(name, bits, .number(unit: unit))
  }

  public static func hex(_ name: String, _ bits: ClosedRange<Int>) -> Self {
    Self(name, bits, .hexadecimal)
  }

  /// A value with names for some of what it can be.
  public static func choice(
    _ name: String, _ bits: ClosedRange<Int>, _ names: [UInt64: String]
  ) -> Self {
    Self(name, bits, .choice(names))
  }

  /// A value that a formula turns into a quantity.
  public static func quantity(
    _ name: String, _ bits: ClosedRange<Int>, _ text: @escaping @Sendable (UInt64) -> String
  ) -> Self {
    Self(name, bits, .quantity(text))
  }
}
