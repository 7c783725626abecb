/// A register's content in a space.
public struct RegisterValue: Sendable {
  public let register: Register
  /// Where it lies in the space.
  public let offset: Int
  public let value: UInt64

  public var name: String { register.name }
  /// The bytes that it takes in the space.
  public var range: Range<Int> { offset..<offset &+ register.byteCount }

  /// Its fields, in the order of the table.
  public var fields: [FieldValue] {
    register.fields.map { FieldValue(field: $0, value: value.extracting($0.bits)) }
  }
}
