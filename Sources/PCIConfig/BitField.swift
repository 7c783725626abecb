import ByteIO

/// Some bits of a register under one name.
public struct BitField: Sendable {
  /// The name in the vocabulary of lspci's users, such as `MaxPayload`.
  public let name: String
  /// Bit numbers within the register, at most 63.
  public let bits: ClosedRange<Int>
  /// How the bits are read and printed.
  public let meaning: FieldMeaning

  /// A field of any meaning.
  public init(_ name: String, _ bits: ClosedRange<Int>, _ meaning: FieldMeaning) {
    precondition(bits.lowerBound >= 0 && bits.upperBound < 64, "bits are numbered 0 to 63")
    self.name = name
    self.bits = bits
    self.meaning = meaning
  }

  /// One bit that is on or off.
  public static func flag(_ name: String, _ bit: Int) -> Self { Self(name, bit...bit, .flag) }

  /// An unsigned number, printed in decimal.
  public static func number(_ name: String, _ bits: ClosedRange<Int>) -> Self {
    Self(name, bits, .number(unit: ""))
  }

  /// An unsigned number, printed in decimal with `unit` behind it.
  public static func number(_ name: String, _ bits: ClosedRange<Int>, unit: String) -> Self {
    Self(name, bits, .number(unit: unit))
  }

  /// An unsigned number, printed in hexadecimal.
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

/// A field's content in a space.
public struct FieldValue: Sendable {
  /// The field that the value belongs to.
  public let field: BitField
  /// The field's bits, moved down to bit 0.
  public let value: UInt64

  /// The field's name.
  public var name: String { field.name }
  /// The value as people read it, without the name.
  public var text: String { field.meaning.text(value, bitCount: field.bits.count) }
}

/// How a field's bits are to be read.
public enum FieldMeaning: Sendable {
  /// On or off.
  case flag
  /// A count in decimal, with the unit behind it.
  case number(unit: String)
  /// An address, an id or a mask.
  case hexadecimal
  /// One of some named values; others are reserved.
  case choice([UInt64: String])
  /// A quantity by a formula.
  case quantity(@Sendable (UInt64) -> String)

  /// `value` of `bitCount` bits as people read it, without the field's name: `+`, `20`, `0x1af4`,
  /// `8GT/s`.
  public func text(_ value: UInt64, bitCount: Int) -> String {
    switch self {
    case .flag: value == 0 ? "-" : "+"
    case .number(let unit): "\(value)\(unit)"
    case .hexadecimal: "0x" + hex(value, digits: (bitCount + 3) / 4)
    case .choice(let names): names[value] ?? "reserved (\(value))"
    case .quantity(let text): text(value)
    }
  }
}
