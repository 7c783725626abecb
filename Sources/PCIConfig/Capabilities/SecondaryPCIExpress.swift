extension CapabilityTable {
  /// PCIe 7.7.3: equalization at 8 GT/s, two bytes a lane.
  static let secondaryPCIExpress = CapabilityTable(
    .secondaryPCIExpress, "Secondary PCI Express",
    length: { LinkVocabulary.length($0, lanesAt: 0x0c, bytesPerLane: 2) },
    registers: [
      Register(
        "LnkCtl3", at: 0x04, bytes: 4,
        [
          .flag("PerformEqu", 0), .flag("LnkEquIntrruptEn", 1),
          .hex("LowerSKPOSGeneration", 9...15),
        ]),
      Register("LaneErrStat", at: 0x08, bytes: 4),
    ],
    variableRegisters: { view in
      (0..<view.laneCount).map {
        Register(
          "LaneEqCtl\($0)", at: 0x0c &+ 2 &* $0, bytes: 2,
          [
            .number("DSPTxPreset", 0...3), .number("DSPRxHint", 4...6),
            .number("USPTxPreset", 8...11), .number("USPRxHint", 12...14),
          ])
      }
    })
}
