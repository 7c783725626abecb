import ByteIO

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

  /// `value` of `bitCount` bits as people read it, without the field's name: `+`, `20`, `0x1af4`, `8GT/s`.
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
