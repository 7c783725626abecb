extension CapabilityTable {
  /// PCIe 7.7.7; the place of the lanes is also Linux's `PCI_PL_64GT_LE_CTRL`.
  static let physicalLayer64GT = CapabilityTable(
    .physicalLayer64GT, "Physical Layer 64.0 GT/s",
    length: { LinkVocabulary.length($0, lanesAt: 0x20, bytesPerLane: 1) },
    registers: [
      Register("Phy64Cap", at: 0x04, bytes: 4),
      Register("Phy64Ctl", at: 0x08, bytes: 4),
      Register(
        "Phy64Sta", at: 0x0c, bytes: 4,
        [
          .flag("EquComplete", 0), .flag("EquPhase1", 1), .flag("EquPhase2", 2),
          .flag("EquPhase3", 3), .flag("LinkEquRequest", 4), .flag("TxPrecodeOn", 5),
          .flag("TxPrecodeReq", 6), .flag("NoEqualizationNeededRecv", 7),
        ]),
    ],
    variableRegisters: { LinkVocabulary.laneRegisters($0, at: 0x20) })
}
