/// Some bits of a register: what a guest may do with them, how devices agree on them, and who says so.
public struct BitRule: Sendable {
  public let bits: UInt32
  public let name: String
  public let access: BitAccess
  public let agreement: Agreement
  /// What goes wrong in a guest when the device has less than the profile promises.
  public let consequence: String
  public let source: FactSource
  public let effect: ConfigWriteEffects
  /// What the number 0 stands for.
  public let zeroMeans: UInt32

  public init(
    _ bits: UInt32, _ name: String, _ access: BitAccess = .constant,
    _ agreement: Agreement = .fixed, consequence: String = "", effect: ConfigWriteEffects = [],
    zeroMeans: UInt32 = 0, from source: FactSource
  ) {
    self.bits = bits
    self.name = name
    self.access = access
    self.agreement = agreement
    self.consequence = consequence
    self.effect = effect
    self.zeroMeans = zeroMeans
    self.source = source
  }

  /// The number in these bits of a register's `value`.
  func number(in value: UInt32) -> UInt32 {
    let number = value.field(bits)
    return number == 0 ? zeroMeans : number
  }

  /// The bits for all devices whose registers hold `values`, in place; those of `fallback` where nobody is asked.
  func settle(_ values: [UInt32], fallback: UInt32) -> UInt32 {
    agreement.settle(values.map { number(in: $0) }, fallback: number(in: fallback))
      .placed(in: bits)
  }

  /// Whether a device whose register holds `found` can carry a profile whose register holds `wanted`.
  func isMet(wanted: UInt32, found: UInt32) -> Bool {
    agreement.isMet(wanted: number(in: wanted), found: number(in: found))
  }
}

extension UInt32 {
  /// The bits of `mask`, moved down to bit 0.
  func field(_ mask: UInt32) -> UInt32 {
    mask == 0 ? 0 : (self & mask) >> UInt32(mask.trailingZeroBitCount)
  }

  /// `value` moved up to the place of `mask`.
  func placed(in mask: UInt32) -> UInt32 {
    mask == 0 ? 0 : (self << UInt32(mask.trailingZeroBitCount)) & mask
  }
}
