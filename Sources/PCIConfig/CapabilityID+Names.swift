import ByteIO

extension CapabilityID: CustomStringConvertible {
  /// The name that the specification gives it, or `Unknown 0x0035` for a number that is not assigned.
  public var description: String {
    CapabilityTable.table(for: self)?.name ?? Self.names[self] ?? "Unknown \(code)"
  }

  /// The number alone, two digits for a standard and four for an extended capability: `0x11`, `0x001b`.
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
