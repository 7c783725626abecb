extension CapabilityFormat {
  /// PCI Bus Power Management Interface 1.2, 3.2; PCIe 7.5.2.
  static let powerManagement = CapabilityFormat(
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

  /// PCIe 7.8.1: the data register shows what the select register chooses.
  static let powerBudgeting = CapabilityFormat(
    .powerBudgeting, "Power Budgeting", length: 0x10,
    registers: [
      Register("PBSelect", at: 0x04, bytes: 1),
      Register(
        "PBData", at: 0x08, bytes: 4,
        [
          .number("BasePower", 0...7), .choice("Scale", 8...9, CapabilityFormat.powerScale),
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

  /// PCIe 7.8.3; version 2 adds a status register.
  static let l1PMSubstates = CapabilityFormat(
    .l1PMSubstates, "L1 PM Substates",
    length: { $0.bits(16...19, at: 0) >= 2 ? 20 : 16 },
    registers: [
      Register(
        "L1SubCap", at: 0x04, bytes: 4,
        substates + [
          .flag("L1_PM_Substates", 4), .flag("LinkActivation", 5),
          .number("PortCommonModeRestoreTime", 8...15, unit: "us"),
          .quantity("PortTPowerOnTime", 16...23) { powerOn(scale: $0 & 3, value: $0 >> 3) },
        ]),
      Register(
        "L1SubCtl1", at: 0x08, bytes: 4,
        substates + [
          .flag("LinkActivationIntEn", 4), .flag("LinkActivation", 5),
          .number("T_CommonMode", 8...15, unit: "us"),
          .quantity("LTR1.2_Threshold", 16...31) { latency(($0 & 0x3ff) | (($0 >> 13) << 10)) },
        ]),
      Register(
        "L1SubCtl2", at: 0x0c, bytes: 4,
        [.quantity("T_PwrOn", 0...7) { powerOn(scale: $0 & 3, value: $0 >> 3) }]),
      Register("L1SubSta", at: 0x10, bytes: 4, [.flag("LinkActivation", 0)]),
    ])

  private static let substates: [BitField] = [
    .flag("PCI-PM_L1.2", 0), .flag("PCI-PM_L1.1", 1), .flag("ASPM_L1.2", 2),
    .flag("ASPM_L1.1", 3),
  ]

  /// T_POWER_ON: a value of five bits in units of 2, 10 or 100 microseconds.
  private static func powerOn(scale: UInt64, value: UInt64) -> String {
    switch scale {
    case 0: "\(value * 2)us"
    case 1: "\(value * 10)us"
    case 2: "\(value * 100)us"
    default: "reserved"
    }
  }

  /// PCIe 7.8.2.
  static let latencyToleranceReporting = CapabilityFormat(
    .latencyToleranceReporting, "Latency Tolerance Reporting", length: 8,
    registers: [
      Register("MaxSnoopLatency", at: 4, bytes: 2, [.quantity("Latency", 0...12, latency)]),
      Register("MaxNoSnoopLatency", at: 6, bytes: 2, [.quantity("Latency", 0...12, latency)]),
    ])

  /// A value of ten bits, times 32 to the power of the scale above it, in nanoseconds (PCIe 6.18).
  @Sendable static func latency(_ bits: UInt64) -> String {
    let scale = bits >> 10 & 7
    guard scale <= 5 else { return "reserved (\(bits))" }
    return "\((bits & 0x3ff) << (5 * scale))ns"
  }
}
