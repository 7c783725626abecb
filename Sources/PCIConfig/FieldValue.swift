/// A field's content in a space.
public struct FieldValue: Sendable {
  public let field: BitField
  /// The field's bits, moved down to bit 0.
  public let value: UInt64

  public var name: String { field.name }
  /// The value as people read it, without the name.
  public var text: String { field.meaning.text(value, bitCount: field.bits.count) }
}
