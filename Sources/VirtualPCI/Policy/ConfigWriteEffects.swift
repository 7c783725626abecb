/// What a guest's write changed, as far as a VMM has to act on it.
public struct ConfigWriteEffects: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The Command register: decoding of I/O and memory, bus mastering, INTx.
  public static let command = Self(rawValue: 0x01)
  /// A base address register: a region moves.
  public static let baseAddress = Self(rawValue: 0x02)
  /// MSI or MSI-X control: interrupts are enabled, disabled or masked.
  public static let interrupts = Self(rawValue: 0x04)
  /// The power state.
  public static let power = Self(rawValue: 0x08)
  /// The guest asked for a function-level reset.
  public static let functionReset = Self(rawValue: 0x10)
  /// ATS, PRI or PASID control: the virtual IOMMU has to follow.
  public static let addressTranslation = Self(rawValue: 0x20)
  /// Control registers of PCI Express.
  public static let expressControl = Self(rawValue: 0x40)
}
