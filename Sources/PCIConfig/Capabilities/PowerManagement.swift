extension CapabilityTable {
  /// PCI Bus Power Management Interface 1.2, 3.2; PCIe 7.5.2.
  static let powerManagement = CapabilityTable(
    .powerManagement, "Power Management",
    length: { _ in 8 },
    version: { $0.bits(0...2, at: 2) },
    registers: [
      Register(
        "PMC", at: 2, bytes: 2,
        [
          .number("Version", 0...2),
          .flag("PMEClk", 3),
          .flag("ImmReadyD0", 4),
          .flag("DSI", 5),
          .choice(
            "AuxCurrent", 6...8,
            [
              0: "0mA", 1: "55mA", 2: "100mA", 3: "160mA", 4: "220mA", 5: "270mA", 6: "320mA",
              7: "375mA",
            ]),
          .flag("D1", 9),
          .flag("D2", 10),
          .flag("PME(D0)", 11),
          .flag("PME(D1)", 12),
          .flag("PME(D2)", 13),
          .flag("PME(D3hot)", 14),
          .flag("PME(D3cold)", 15),
        ]),
      Register(
        "PMCSR", at: 4, bytes: 2,
        [
          .choice("PowerState", 0...1, [0: "D0", 1: "D1", 2: "D2", 3: "D3hot"]),
          .flag("NoSoftRst", 3),
          .flag("PME-Enable", 8),
          .number("DSel", 9...12),
          .number("DScale", 13...14),
          .flag("PME", 15),
        ]),
      Register(
        "PMCSR_BSE", at: 6, bytes: 1,
        [.flag("B2/B3", 6), .flag("BPCC", 7)]),
      Register("Data", at: 7, bytes: 1),
    ])
}
