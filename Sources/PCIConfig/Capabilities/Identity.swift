import ByteIO

extension CapabilityFormat {
  /// PCIe 7.9.23.
  static let subsystemID = CapabilityFormat(
    .subsystemID, "Subsystem", length: 8,
    registers: [
      Register("SSVID", at: 4, bytes: 2),
      Register("SSID", at: 6, bytes: 2),
    ])

  /// PCIe 7.9.3: an EUI-64, whose highest byte comes first where people write it.
  static let deviceSerialNumber = CapabilityFormat(
    .deviceSerialNumber, "Device Serial Number",
    length: { _ in 12 },
    detail: { view in
      (0..<8).reversed().map { hex(view.bits(0...7, at: 4 &+ $0), digits: 2) }
        .joined(separator: "-")
    },
    registers: [
      Register("SerialNumberLow", at: 4, bytes: 4),
      Register("SerialNumberHigh", at: 8, bytes: 4),
    ])

  /// PCIe 7.9.18.
  static let vitalProductData = CapabilityFormat(
    .vitalProductData, "Vital Product Data", length: 8,
    registers: [
      Register("VPDAddress", at: 2, bytes: 2, [.hex("Address", 0...14), .flag("F", 15)]),
      Register("VPDData", at: 4, bytes: 4),
    ])

  /// PCIe 7.9.21: reset of a function on conventional PCI.
  static let advancedFeatures = CapabilityFormat(
    .advancedFeatures, "PCI Advanced Features", length: 6,
    registers: [
      Register("Length", at: 2, bytes: 1),
      Register("AFCap", at: 3, bytes: 1, [.flag("TP", 0), .flag("FLR", 1)]),
      Register("AFCtrl", at: 4, bytes: 1, [.flag("FLR", 0)]),
      Register("AFStatus", at: 5, bytes: 1, [.flag("TP", 0)]),
    ])

  /// PCIe 7.7.9.
  static let device3 = CapabilityFormat(
    .device3, "Device 3", length: 0x10,
    registers: [
      Register(
        "DevCap3", at: 0x04, bytes: 4,
        [
          .flag("DMWrRouting", 0), .flag("14BitTagComp", 1), .flag("14BitTagReq", 2),
          .flag("L0p", 3), .choice("PortL0pExitLatency", 4...6, exitLatencies),
          .choice("RetimerL0pExitLatency", 7...9, exitLatencies),
          .flag("UIOMemRdWrComp", 10), .flag("UIOMemRdWrReq", 11),
        ]),
      Register(
        "DevCtl3", at: 0x08, bytes: 4,
        [
          .flag("DMWrReq", 0), .flag("DMWrEgressBlk", 1), .flag("14BitTagReq", 2),
          .flag("L0p", 3), .choice("TargetLinkWidth", 4...6, widths),
          .flag("UIOMemRdWrReq", 7), .flag("UIO256BDis", 8),
        ]),
      Register(
        "DevSta3", at: 0x0c, bytes: 4,
        [
          .choice("InitialLinkWidth", 0...2, widths), .flag("SegmentCaptured", 3),
          .flag("RemoteL0p", 4),
        ]),
    ])

  private static let widths: [UInt64: String] = [
    0: "x1", 1: "x2", 2: "x4", 3: "x8", 4: "x16", 7: "dynamic",
  ]

  private static let exitLatencies: [UInt64: String] = [
    0: "<1us", 1: "<2us", 2: "<4us", 3: "<8us", 4: "<16us", 5: "<32us", 6: "<=64us", 7: ">64us",
  ]
}
