/// A register of a capability or of the header, and the fields of its bits.
public struct Register: Sendable {
  /// The name in the vocabulary of lspci's users, such as `DevCap2`.
  public let name: String
  /// The first byte, counted from the capability's header.
  public let offset: Int
  /// 1 to 8; longer structures are several registers.
  public let byteCount: Int
  /// The named bits, from the lowest up; bits without a name are in none.
  public let fields: [BitField]
  /// Whether this device has the register, by what others of the capability say; nil if it always
  /// has.
  public let isPresent: (@Sendable (CapabilityView) -> Bool)?

  /// A register `offset` bytes behind its capability's header.
  public init(
    _ name: String, at offset: Int, bytes byteCount: Int, _ fields: [BitField] = [],
    if isPresent: (@Sendable (CapabilityView) -> Bool)? = nil
  ) {
    precondition((1...8).contains(byteCount), "a register has 1 to 8 bytes")
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.fields = fields
    self.isPresent = isPresent
  }
}

/// A register's content in a space.
public struct RegisterValue: Sendable {
  /// The register that was read.
  public let register: Register
  /// Where it lies in the space.
  public let offset: Int
  /// The register's bytes as a little-endian number.
  public let value: UInt64

  /// The register's name.
  public var name: String { register.name }
  /// The bytes that it takes in the space.
  public var range: Range<Int> { offset..<offset &+ register.byteCount }

  /// Its fields, in the order of the table.
  public var fields: [FieldValue] {
    register.fields.map { FieldValue(field: $0, value: value.extracting($0.bits)) }
  }
}
