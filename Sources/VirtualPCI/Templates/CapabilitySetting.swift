/// A key of a capability's entry in a profile that names some bits of a register.
public struct CapabilitySetting: Sendable {
  /// How the text becomes bits.
  public enum Form: Sendable {
    /// The number as it is.
    case number(ClosedRange<UInt32>)
    /// A count, stored as one less.
    case count(ClosedRange<UInt32>)
    /// A power of two, stored as its exponent.
    case powerOfTwo(ClosedRange<UInt32>)
    /// `true` or `false`.
    case flag
    /// One of some words.
    case choice([(name: String, value: UInt32)])
    /// `{ bar: N, offset: N }`: the BAR in bits 0 to 2, the offset in the others.
    case place
  }

  public let key: String
  public let register: String
  public let bits: UInt32
  public let form: Form
  /// Whether a profile must give it.
  public let isRequired: Bool

  init(
    _ key: String, _ register: String, _ bits: UInt32, _ form: Form, isRequired: Bool = false
  ) {
    self.key = key
    self.register = register
    self.bits = bits
    self.form = form
    self.isRequired = isRequired
  }
}
