extension CapabilityFormat {
  /// PCIe 7.5.3. A version 1 structure ends behind the registers that its port type has, a version
  /// 2 structure has room for all of them.
  static let pciExpress = CapabilityFormat(
    .pciExpress, "PCI Express",
    length: expressLength,
    version: { $0.bits(0...3, at: 2) },
    detail: { view in
      expressPortTypes[UInt64(view.bits(4...7, at: 2))] ?? "unknown type"
    },
    registers: [
      Register(
        "PCIECap", at: 2, bytes: 2,
        [
          .number("Version", 0...3),
          .choice("Type", 4...7, expressPortTypes),
          .flag("Slot", 8),
          .number("IntMsgNum", 9...13),
          .flag("FlitMode", 15),
        ])
    ] + expressDevice + expressLink + expressSlot + expressRoot)

  /// Device/Port types (PCIe 7.5.3.2).
  static let expressPortTypes: [UInt64: String] = [
    0: "Endpoint", 1: "Legacy Endpoint", 4: "Root Port", 5: "Upstream Port",
    6: "Downstream Port", 7: "PCI-Express to PCI/PCI-X Bridge",
    8: "PCI/PCI-X to PCI-Express Bridge", 9: "Root Complex Integrated Endpoint",
    10: "Root Complex Event Collector",
  ]

  @Sendable private static func expressLength(_ view: CapabilityView) -> Int? {
    guard view.bits(0...3, at: 2) < 2 else { return 0x3c }
    // Version 1 (PCIe 1.1, 7.8): as vfio-pci measures it for endpoints, and the last register for
    // ports.
    return switch view.bits(4...7, at: 2) {
    case 9: 0x0c
    case 4, 10: 0x24
    case _ where expressHasSlot(view): 0x1c
    default: 0x14
    }
  }

  @Sendable static func expressIsVersion2(_ view: CapabilityView) -> Bool {
    view.bits(0...3, at: 2) >= 2
  }

  /// Integrated endpoints and event collectors have no link.
  @Sendable static func expressHasLink(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return type != 9 && type != 10
  }

  /// Root and downstream ports may have a slot, and say so.
  @Sendable static func expressHasSlot(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return (type == 4 || type == 6) && view.isSet(8, at: 2)
  }

  @Sendable static func expressIsRoot(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return type == 4 || type == 10
  }

  /// PCIe 7.5.3.9 to 7.5.3.11 and 7.5.3.21 to 7.5.3.23; only ports with a slot have them.
  static let expressSlot: [Register] = [
    Register(
      "SltCap", at: 0x14, bytes: 4,
      [
        .flag("AttnBtn", 0), .flag("PwrCtrl", 1), .flag("MRL", 2), .flag("AttnInd", 3),
        .flag("PwrInd", 4), .flag("Surprise", 5), .flag("HotPlug", 6),
        .number("PowerLimit", 7...14), .choice("PowerScale", 15...16, powerScale),
        .flag("Interlock", 17), .flag("NoCompl", 18), .number("Slot", 19...31),
      ], if: expressHasSlot),
    Register(
      "SltCtl", at: 0x18, bytes: 2,
      [
        .flag("AttnBtn", 0), .flag("PwrFlt", 1), .flag("MRL", 2), .flag("PresDet", 3),
        .flag("CmdCplt", 4), .flag("HPIrq", 5),
        .choice("AttnInd", 6...7, indicator), .choice("PwrInd", 8...9, indicator),
        .choice("Power", 10...10, [0: "on", 1: "off"]), .flag("Interlock", 11),
        .flag("LinkChg", 12), .flag("AutoPowerLimitDis", 13), .flag("InBandPDDis", 14),
      ], if: expressHasSlot),
    Register(
      "SltSta", at: 0x1a, bytes: 2,
      [
        .flag("AttnBtn", 0), .flag("PowerFlt", 1), .flag("MRLChanged", 2),
        .flag("PresDetChanged", 3), .flag("CmdCplt", 4), .flag("MRL", 5), .flag("PresDet", 6),
        .flag("Interlock", 7), .flag("LinkState", 8),
      ], if: expressHasSlot),
    Register(
      "SltCap2", at: 0x34, bytes: 4, [.flag("InBandPDDis", 0)],
      if: { expressIsVersion2($0) && expressHasSlot($0) }),
    Register(
      "SltCtl2", at: 0x38, bytes: 2, if: { expressIsVersion2($0) && expressHasSlot($0) }),
    Register(
      "SltSta2", at: 0x3a, bytes: 2, if: { expressIsVersion2($0) && expressHasSlot($0) }),
  ]

  private static let indicator: [UInt64: String] = [1: "on", 2: "blink", 3: "off"]

  /// PCIe 7.5.3.12 to 7.5.3.14; root ports and event collectors have them.
  static let expressRoot: [Register] = [
    Register(
      "RootCtl", at: 0x1c, bytes: 2,
      [
        .flag("ErrCorrectable", 0), .flag("ErrNon-Fatal", 1), .flag("ErrFatal", 2),
        .flag("PMEIntEna", 3), .flag("CRSVisible", 4), .flag("NoNFMSubtree", 5),
      ], if: expressIsRoot),
    Register("RootCap", at: 0x1e, bytes: 2, [.flag("CRSVisible", 0)], if: expressIsRoot),
    Register(
      "RootSta", at: 0x20, bytes: 4,
      [.hex("PMEReqID", 0...15), .flag("PMEStatus", 16), .flag("PMEPending", 17)],
      if: expressIsRoot),
  ]
}
