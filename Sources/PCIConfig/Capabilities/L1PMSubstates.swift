extension CapabilityTable {
  /// PCIe 7.8.3; version 2 adds a status register.
  static let l1PMSubstates = CapabilityTable(
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
}
