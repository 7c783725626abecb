extension CapabilityTable {
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
}
