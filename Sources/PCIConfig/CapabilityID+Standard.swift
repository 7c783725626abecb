extension CapabilityID {
  public static let null = Self(standard: 0x00)
  public static let powerManagement = Self(standard: 0x01)
  public static let agp = Self(standard: 0x02)
  public static let vitalProductData = Self(standard: 0x03)
  public static let slotID = Self(standard: 0x04)
  public static let msi = Self(standard: 0x05)
  public static let compactPCIHotSwap = Self(standard: 0x06)
  public static let pcix = Self(standard: 0x07)
  public static let hyperTransport = Self(standard: 0x08)
  public static let vendorSpecific = Self(standard: 0x09)
  public static let debugPort = Self(standard: 0x0a)
  public static let compactPCIResourceControl = Self(standard: 0x0b)
  public static let hotPlug = Self(standard: 0x0c)
  /// Subsystem ID and subsystem vendor ID of a bridge (SSVID).
  public static let subsystemID = Self(standard: 0x0d)
  public static let agp3 = Self(standard: 0x0e)
  public static let secureDevice = Self(standard: 0x0f)
  public static let pciExpress = Self(standard: 0x10)
  public static let msix = Self(standard: 0x11)
  public static let sata = Self(standard: 0x12)
  /// Advanced Features (AF).
  public static let advancedFeatures = Self(standard: 0x13)
  /// Enhanced Allocation (EA).
  public static let enhancedAllocation = Self(standard: 0x14)
  public static let flatteningPortalBridge = Self(standard: 0x15)
}
