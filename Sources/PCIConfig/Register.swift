/// A register of a capability or of the header, and the fields of its bits.
public struct Register: Sendable {
  /// The name in the vocabulary of lspci's users, such as `DevCap2`.
  public let name: String
  /// The first byte, counted from the capability's header.
  public let offset: Int
  /// 1 to 8; longer structures are several registers.
  public let byteCount: Int
  public let fields: [BitField]
  /// Whether this device has the register, by what others of the capability say; nil if it always has.
  public let isPresent: (@Sendable (CapabilityView) -> Bool)?

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
