import ByteIO

/// Which capability: standard and extended ones number separately.
///
/// The numbers are those of the PCI-SIG's "PCI Code and ID Assignment Specification", also listed
/// by Linux's `include/uapi/linux/pci_regs.h` as `PCI_CAP_ID_*` and `PCI_EXT_CAP_ID_*`.
public struct CapabilityID: Sendable, Hashable {
  /// The number alone; a standard and an extended capability may share one.
  public let rawValue: UInt16
  /// Whether the number is an extended capability's, whose list begins at 0x100.
  public let isExtended: Bool

  /// The standard capability with this number.
  public init(standard rawValue: UInt8) {
    self.rawValue = UInt16(rawValue)
    isExtended = false
  }

  /// The extended capability with this number.
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

/// Standard capabilities, by the names of their structures (PCI Local Bus 3.0, appendix H).
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

extension CapabilityID: CustomStringConvertible {
  /// The name that the specification gives it, or `Unknown 0x0035` for a number that is not
  /// assigned.
  public var description: String {
    CapabilityFormat.format(for: self)?.name ?? Self.names[self] ?? "Unknown \(code)"
  }

  /// The number alone, two digits for a standard and four for an extended capability: `0x11`,
  /// `0x001b`.
  public var code: String { "0x" + hex(rawValue, digits: isExtended ? 4 : 2) }

  /// The capabilities that have a name here but no field table.
  private static let names: [CapabilityID: String] = [
    .null: "Null",
    .agp: "AGP",
    .slotID: "Slot Identification",
    .compactPCIHotSwap: "CompactPCI Hot Swap",
    .pcix: "PCI-X",
    .hyperTransport: "HyperTransport",
    .debugPort: "Debug Port",
    .compactPCIResourceControl: "CompactPCI Central Resource Control",
    .hotPlug: "PCI Hot-Plug",
    .agp3: "AGP 8x",
    .secureDevice: "Secure Device",
    .sata: "SATA HBA",
    .flatteningPortalBridge: "Flattening Portal Bridge",
    .extendedNull: "Null",
    .rootComplexLinkDeclaration: "Root Complex Link Declaration",
    .rootComplexInternalLinkControl: "Root Complex Internal Link Control",
    .rootComplexEventCollector: "Root Complex Event Collector Endpoint Association",
    .multiFunctionVirtualChannel: "Multi-Function Virtual Channel",
    .rootComplexRegisterBlock: "Root Complex Register Block",
    .configurationAccessCorrelation: "Configuration Access Correlation",
    .multiRootIOV: "Multi-Root I/O Virtualization",
    .amdReserved: "Reserved for AMD",
    .dynamicPowerAllocation: "Dynamic Power Allocation",
    .protocolMultiplexing: "Protocol Multiplexing",
    .lightweightNotification: "LN Requester",
    .pcieOverMPHY: "PCI Express over M-PHY",
    .readinessTimeReporting: "Readiness Time Reporting",
    .hierarchyID: "Hierarchy ID",
    .nativeEnclosureManagement: "Native PCIe Enclosure Management",
    .alternateProtocol: "Alternate Protocol",
    .systemFirmwareIntermediary: "System Firmware Intermediary",
    .shadowFunctions: "Shadow Functions",
    .integrityAndDataEncryption: "Integrity and Data Encryption",
    .flitLogging: "Flit Logging",
    .flitPerformanceMeasurement: "Flit Performance Measurement",
    .flitErrorInjection: "Flit Error Injection",
  ]
}
