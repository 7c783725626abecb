/// Which capability: standard and extended ones number separately.
///
/// The numbers are those of the PCI-SIG's "PCI Code and ID Assignment Specification", also listed by Linux's
/// `include/uapi/linux/pci_regs.h` as `PCI_CAP_ID_*` and `PCI_EXT_CAP_ID_*`.
public struct CapabilityID: Sendable, Hashable {
  public let rawValue: UInt16
  /// Whether the number is an extended capability's, whose list begins at 0x100.
  public let isExtended: Bool

  public init(standard rawValue: UInt8) {
    self.rawValue = UInt16(rawValue)
    isExtended = false
  }

  public init(extended rawValue: UInt16) {
    self.rawValue = rawValue
    isExtended = true
  }
}

extension CapabilityID: Comparable {
  /// Standard capabilities before extended ones, then by number.
  public static func < (a: Self, b: Self) -> Bool {
    (a.isExtended ? 1 : 0, a.rawValue) < (b.isExtended ? 1 : 0, b.rawValue)
  }
}
