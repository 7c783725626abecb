extension CapabilityTable {
  /// PCIe 7.8.1: the data register shows what the select register chooses.
  static let powerBudgeting = CapabilityTable(
    .powerBudgeting, "Power Budgeting", length: 0x10,
    registers: [
      Register("PBSelect", at: 0x04, bytes: 1),
      Register(
        "PBData", at: 0x08, bytes: 4,
        [
          .number("BasePower", 0...7), .choice("Scale", 8...9, CapabilityTable.powerScale),
          .number("PMSubState", 10...12),
          .choice("PMState", 13...14, [0: "D0", 1: "D1", 2: "D2", 3: "D3"]),
          .choice(
            "Type", 15...17,
            [
              0: "PME aux", 1: "auxiliary", 2: "idle", 3: "sustained",
              4: "sustained, emergency power reduction", 5: "maximum, emergency power reduction",
              7: "maximum",
            ]),
          .choice(
            "Rail", 18...20,
            [0: "power (12V)", 1: "power (3.3V)", 2: "power (1.5V or 1.8V)", 7: "thermal"]),
        ]),
      Register("PBCap", at: 0x0c, bytes: 1, [.flag("SystemAllocated", 0)]),
    ])
}
