extension CapabilityTable {
  /// PCIe 7.7.9.
  static let device3 = CapabilityTable(
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
