/// Extended capabilities, by the names of their structures (PCIe Base 6.0, 7.7 to 7.9).
extension CapabilityID {
  public static let extendedNull = Self(extended: 0x0000)
  /// Advanced Error Reporting (AER).
  public static let advancedErrorReporting = Self(extended: 0x0001)
  /// Virtual Channel (VC).
  public static let virtualChannel = Self(extended: 0x0002)
  /// Device Serial Number (DSN).
  public static let deviceSerialNumber = Self(extended: 0x0003)
  public static let powerBudgeting = Self(extended: 0x0004)
  public static let rootComplexLinkDeclaration = Self(extended: 0x0005)
  public static let rootComplexInternalLinkControl = Self(extended: 0x0006)
  public static let rootComplexEventCollector = Self(extended: 0x0007)
  /// Multi-Function Virtual Channel (MFVC).
  public static let multiFunctionVirtualChannel = Self(extended: 0x0008)
  /// Virtual Channel of a function whose device also has MFVC.
  public static let virtualChannelWithMFVC = Self(extended: 0x0009)
  public static let rootComplexRegisterBlock = Self(extended: 0x000a)
  /// Vendor-Specific Extended Capability (VSEC).
  public static let vendorSpecificExtended = Self(extended: 0x000b)
  public static let configurationAccessCorrelation = Self(extended: 0x000c)
  /// Access Control Services (ACS).
  public static let accessControlServices = Self(extended: 0x000d)
  /// Alternative Routing-ID Interpretation (ARI).
  public static let alternativeRoutingID = Self(extended: 0x000e)
  /// Address Translation Services (ATS).
  public static let addressTranslationServices = Self(extended: 0x000f)
  /// Single Root I/O Virtualization (SR-IOV).
  public static let singleRootIOV = Self(extended: 0x0010)
  public static let multiRootIOV = Self(extended: 0x0011)
  public static let multicast = Self(extended: 0x0012)
  /// Page Request Interface (PRI).
  public static let pageRequest = Self(extended: 0x0013)
  public static let amdReserved = Self(extended: 0x0014)
  public static let resizableBAR = Self(extended: 0x0015)
  /// Dynamic Power Allocation (DPA).
  public static let dynamicPowerAllocation = Self(extended: 0x0016)
  /// TPH Requester.
  public static let tphRequester = Self(extended: 0x0017)
  /// Latency Tolerance Reporting (LTR).
  public static let latencyToleranceReporting = Self(extended: 0x0018)
  public static let secondaryPCIExpress = Self(extended: 0x0019)
  /// Protocol Multiplexing (PMUX).
  public static let protocolMultiplexing = Self(extended: 0x001a)
  /// Process Address Space ID (PASID).
  public static let pasid = Self(extended: 0x001b)
  public static let lightweightNotification = Self(extended: 0x001c)
  /// Downstream Port Containment (DPC).
  public static let downstreamPortContainment = Self(extended: 0x001d)
  /// L1 PM Substates.
  public static let l1PMSubstates = Self(extended: 0x001e)
  /// Precision Time Measurement (PTM).
  public static let precisionTimeMeasurement = Self(extended: 0x001f)
  public static let pcieOverMPHY = Self(extended: 0x0020)
  /// Function Readiness Status (FRS) Queueing.
  public static let frsQueueing = Self(extended: 0x0021)
  public static let readinessTimeReporting = Self(extended: 0x0022)
  /// Designated Vendor-Specific Extended Capability (DVSEC).
  public static let designatedVendorSpecific = Self(extended: 0x0023)
  public static let vfResizableBAR = Self(extended: 0x0024)
  public static let dataLinkFeature = Self(extended: 0x0025)
  public static let physicalLayer16GT = Self(extended: 0x0026)
  /// Lane Margining at the Receiver.
  public static let laneMargining = Self(extended: 0x0027)
  public static let hierarchyID = Self(extended: 0x0028)
  /// Native PCIe Enclosure Management (NPEM).
  public static let nativeEnclosureManagement = Self(extended: 0x0029)
  public static let physicalLayer32GT = Self(extended: 0x002a)
  public static let alternateProtocol = Self(extended: 0x002b)
  /// System Firmware Intermediary (SFI).
  public static let systemFirmwareIntermediary = Self(extended: 0x002c)
  public static let shadowFunctions = Self(extended: 0x002d)
  /// Data Object Exchange (DOE).
  public static let dataObjectExchange = Self(extended: 0x002e)
  /// Device 3 (DEV3).
  public static let device3 = Self(extended: 0x002f)
  /// Integrity and Data Encryption (IDE).
  public static let integrityAndDataEncryption = Self(extended: 0x0030)
  public static let physicalLayer64GT = Self(extended: 0x0031)
  public static let flitLogging = Self(extended: 0x0032)
  public static let flitPerformanceMeasurement = Self(extended: 0x0033)
  public static let flitErrorInjection = Self(extended: 0x0034)
}
