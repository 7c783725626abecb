/// A register of a capability as profiles see it: where it lies, its value at reset, and the rules of its bits.
///
/// Bits that no rule names are constant.
public struct RegisterTemplate: Sendable {
  /// The name that profiles use.
  public let name: String
  /// The first byte, counted from the capability's header.
  public let offset: Int
  /// 1, 2 or 4.
  public let byteCount: Int
  /// The value where the profile gives none.
  public let reset: UInt32
  public let rules: [BitRule]
  /// Who says that the other bits are as they are.
  public let source: FactSource

  public init(
    _ name: String, at offset: Int, bytes byteCount: Int, reset: UInt32 = 0,
    _ rules: [BitRule] = [], from source: FactSource
  ) {
    precondition([1, 2, 4].contains(byteCount), "a register has 1, 2 or 4 bytes")
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.reset = reset
    self.rules = rules
    self.source = source
  }

  /// The bits that a register of this size has.
  var mask: UInt32 { byteCount == 4 ? .max : (1 << UInt32(byteCount * 8)) - 1 }
}
