extension CapabilityTable {
  /// PCIe 7.7.6.
  static let physicalLayer32GT = CapabilityTable(
    .physicalLayer32GT, "Physical Layer 32.0 GT/s",
    length: { LinkVocabulary.length($0, lanesAt: 0x20, bytesPerLane: 1) },
    registers: [
      Register(
        "Phy32Cap", at: 0x04, bytes: 4,
        [
          .flag("EqualizationBypass", 0), .flag("NoEqualizationNeeded", 1),
          .flag("ModTsMode0", 8), .flag("ModTsMode1", 9), .flag("ModTsMode2", 10),
        ]),
      Register(
        "Phy32Ctl", at: 0x08, bytes: 4,
        [
          .flag("EqualizationBypassDis", 0), .flag("NoEqualizationNeededDis", 1),
          .choice(
            "ModifiedTsMode", 8...10,
            [0: "PCI Express", 1: "training set messages", 2: "alternate protocol"]),
        ]),
      Register(
        "Phy32Sta", at: 0x0c, bytes: 4,
        [
          .flag("EquComplete", 0), .flag("EquPhase1", 1), .flag("EquPhase2", 2),
          .flag("EquPhase3", 3), .flag("LinkEquRequest", 4), .flag("ModTsRecv", 5),
          .number("RxEnhancedLink", 6...7), .flag("TxPrecodeOn", 8), .flag("TxPrecodeReq", 9),
          .flag("NoEqualizationNeededRecv", 10),
        ]),
      Register("RxModTs1", at: 0x10, bytes: 4),
      Register("RxModTs2", at: 0x14, bytes: 4),
      Register("TxModTs1", at: 0x18, bytes: 4),
      Register("TxModTs2", at: 0x1c, bytes: 4),
    ],
    variableRegisters: { LinkVocabulary.laneRegisters($0, at: 0x20) })
}
