extension CapabilityTable {
  /// PCIe 7.9.14. Root ports may extend it by a log of programmed I/O errors.
  static let downstreamPortContainment = CapabilityTable(
    .downstreamPortContainment, "Downstream Port Containment",
    length: { view in
      hasRootPortLog(view) ? max(0x20, 0x20 &+ 4 &* view.bits(8...11, at: 4)) : 0x0c
    },
    registers: [
      Register(
        "DpcCap", at: 0x04, bytes: 2,
        [
          .number("IntMsgNum", 0...4), .flag("RPExt", 5), .flag("PoisonedTLP", 6),
          .flag("SwTrigger", 7), .number("RPPIOLog", 8...11), .flag("DL_ActiveErr", 12),
          .flag("SIGSFW", 13),
        ]),
      Register(
        "DpcCtl", at: 0x06, bytes: 2,
        [
          .choice("Trigger", 0...1, [0: "disabled", 1: "fatal", 2: "non-fatal"]),
          .flag("Cmpl", 2), .flag("INT", 3), .flag("ErrCor", 4), .flag("PoisonedTLP", 5),
          .flag("SwTrigger", 6), .flag("DL_ActiveErr", 7), .flag("SIGSFW", 8),
        ]),
      Register(
        "DpcSta", at: 0x08, bytes: 2,
        [
          .flag("Trigger", 0),
          .choice(
            "Reason", 1...2,
            [0: "uncorrectable error", 1: "ERR_NONFATAL", 2: "ERR_FATAL", 3: "see extension"]),
          .flag("INT", 3), .flag("RPBusy", 4),
          .choice(
            "TriggerExt", 5...6,
            [0: "RP PIO error", 1: "software trigger", 2: "in-band presence"]),
          .number("RP PIO ErrPtr", 8...12), .flag("SIGSFW", 13),
        ]),
      Register("DpcSource", at: 0x0a, bytes: 2),
      Register("RPPIOSta", at: 0x0c, bytes: 4, completions, if: hasRootPortLog),
      Register("RPPIOMsk", at: 0x10, bytes: 4, completions, if: hasRootPortLog),
      Register("RPPIOSvrt", at: 0x14, bytes: 4, completions, if: hasRootPortLog),
      Register("RPPIOSysErr", at: 0x18, bytes: 4, completions, if: hasRootPortLog),
      Register("RPPIOExc", at: 0x1c, bytes: 4, completions, if: hasRootPortLog),
    ],
    variableRegisters: { view in
      guard hasRootPortLog(view) else { return [] }
      return (0..<view.bits(8...11, at: 4)).map {
        Register("RPPIOLog\($0)", at: 0x20 &+ 4 &* $0, bytes: 4)
      }
    })

  @Sendable private static func hasRootPortLog(_ view: CapabilityView) -> Bool {
    view.isSet(5, at: 4)
  }

  private static let completions: [BitField] = [
    .flag("CfgUR", 0), .flag("CfgCA", 1), .flag("CfgCTO", 2), .flag("IOUR", 8), .flag("IOCA", 9),
    .flag("IOCTO", 10), .flag("MemUR", 16), .flag("MemCA", 17), .flag("MemCTO", 18),
  ]
}
