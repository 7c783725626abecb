/// Some bits of a laid-out register that are treated alike.
public struct PlacedBits: Sendable {
  /// Within the register.
  public internal(set) var bits: UInt32
  public let name: String
  public let access: BitAccess
  public let agreement: Agreement
  public let consequence: String
  public let effect: ConfigWriteEffects
  /// The device's register that serves the bits, by its first byte; nil where none does.
  public let counterpart: ProfileRegister.Counterpart?
  /// What the device must have in these bits, in place.
  public let required: UInt32?
  /// Whether a reset brings the device's bits to the profile's value, so that a dump of a device in use may differ.
  public let settlesAtReset: Bool
  public let source: FactSource
}

/// A register at its place in the space that the guest sees.
public struct PlacedRegister: Sendable {
  /// Which part of the space a register belongs to.
  public enum Owner: Sendable, Hashable {
    case header
    /// A capability, by its index in ``ProfileLayout/capabilities``.
    case capability(Int)
    /// Bytes that no capability has.
    case free
  }

  public let offset: Int
  public let byteCount: Int
  public let name: String
  public let owner: Owner
  /// The value that a guest reads after a reset.
  public internal(set) var reset: UInt32
  /// Disjoint; bits that no part has are constant.
  public internal(set) var parts: [PlacedBits]
  /// The device's bits that a 1 clears, which a write to their neighbours must not touch.
  public internal(set) var hardwareClear: UInt32
  /// Whether the layout needs it as it is: ids, next pointers, base addresses.
  public let isFixed: Bool
  /// Who says that the bits without a part are constant.
  public let source: FactSource

  public var range: Range<Int> { offset..<offset + byteCount }

  var mask: UInt32 { byteCount == 4 ? .max : (1 << UInt32(byteCount * 8)) - 1 }

  /// The byte `index` of `value`.
  static func byte(_ index: Int, of value: UInt32) -> UInt8 {
    UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
  }
}
