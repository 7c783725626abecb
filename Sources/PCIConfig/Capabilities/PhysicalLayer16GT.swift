extension CapabilityTable {
  /// PCIe 7.7.5.
  static let physicalLayer16GT = CapabilityTable(
    .physicalLayer16GT, "Physical Layer 16.0 GT/s",
    length: { LinkVocabulary.length($0, lanesAt: 0x20, bytesPerLane: 1) },
    registers: [
      Register("Phy16Cap", at: 0x04, bytes: 4),
      Register("Phy16Ctl", at: 0x08, bytes: 4),
      Register(
        "Phy16Sta", at: 0x0c, bytes: 4,
        [
          .flag("EquComplete", 0), .flag("EquPhase1", 1), .flag("EquPhase2", 2),
          .flag("EquPhase3", 3), .flag("LinkEquRequest", 4),
        ]),
      Register("LocalParityMismatch", at: 0x10, bytes: 4),
      Register("FirstRetimerParityMismatch", at: 0x14, bytes: 4),
      Register("SecondRetimerParityMismatch", at: 0x18, bytes: 4),
    ],
    variableRegisters: { LinkVocabulary.laneRegisters($0, at: 0x20) })
}
