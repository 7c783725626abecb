extension CapabilityFormat {
  /// PCIe 7.8.4. Root ports and event collectors have more, and so have functions that use packet
  /// prefixes.
  static let advancedErrorReporting = CapabilityFormat(
    .advancedErrorReporting, "Advanced Error Reporting",
    length: { view in
      if view.supportsEndEndPrefix { return 0x48 }
      return reportsForOthers(view) ? 0x38 : 0x2c
    },
    registers: [
      Register("UESta", at: 0x04, bytes: 4, uncorrectable),
      Register("UEMsk", at: 0x08, bytes: 4, uncorrectable),
      Register("UESvrt", at: 0x0c, bytes: 4, uncorrectable),
      Register("CESta", at: 0x10, bytes: 4, correctable),
      Register("CEMsk", at: 0x14, bytes: 4, correctable),
      Register(
        "AERCap", at: 0x18, bytes: 4,
        [
          .number("FirstErrorPointer", 0...4), .flag("ECRCGenCap", 5), .flag("ECRCGenEn", 6),
          .flag("ECRCChkCap", 7), .flag("ECRCChkEn", 8), .flag("MultHdrRecCap", 9),
          .flag("MultHdrRecEn", 10), .flag("TLPPfxPres", 11), .flag("HdrLogCap", 12),
          .number("HdrLogSize", 13...17), .flag("FlitModeLogged", 18),
        ]),
      Register("HeaderLog0", at: 0x1c, bytes: 4),
      Register("HeaderLog1", at: 0x20, bytes: 4),
      Register("HeaderLog2", at: 0x24, bytes: 4),
      Register("HeaderLog3", at: 0x28, bytes: 4),
      Register(
        "RootCmd", at: 0x2c, bytes: 4,
        [.flag("CERptEn", 0), .flag("NFERptEn", 1), .flag("FERptEn", 2)], if: reportsForOthers),
      Register(
        "RootSta", at: 0x30, bytes: 4,
        [
          .flag("CERcvd", 0), .flag("MultCERcvd", 1), .flag("UERcvd", 2), .flag("MultUERcvd", 3),
          .flag("FirstFatal", 4), .flag("NonFatalMsg", 5), .flag("FatalMsg", 6),
          .number("ErrCorSubclass", 7...8), .number("IntMsgNum", 27...31),
        ], if: reportsForOthers),
      Register(
        "ErrorSrc", at: 0x34, bytes: 4,
        [.hex("ERR_COR", 0...15), .hex("ERR_FATAL/NONFATAL", 16...31)], if: reportsForOthers),
      Register("PrefixLog0", at: 0x38, bytes: 4),
      Register("PrefixLog1", at: 0x3c, bytes: 4),
      Register("PrefixLog2", at: 0x40, bytes: 4),
      Register("PrefixLog3", at: 0x44, bytes: 4),
    ])

  @Sendable private static func reportsForOthers(_ view: CapabilityView) -> Bool {
    view.portType == 4 || view.portType == 10
  }

  private static let uncorrectable: [BitField] = [
    .flag("DLP", 4), .flag("SDES", 5), .flag("TLP", 12), .flag("FCP", 13),
    .flag("CmpltTO", 14), .flag("CmpltAbrt", 15), .flag("UnxCmplt", 16), .flag("RxOF", 17),
    .flag("MalfTLP", 18), .flag("ECRC", 19), .flag("UnsupReq", 20), .flag("ACSViol", 21),
    .flag("UncorrIntErr", 22), .flag("BlockedTLP", 23), .flag("AtomicOpBlocked", 24),
    .flag("TLPBlockedErr", 25), .flag("PoisonTLPBlocked", 26), .flag("DMWrReqBlocked", 27),
    .flag("IDECheck", 28), .flag("MisIDETLP", 29), .flag("PCRC_CHECK", 30),
    .flag("TLPXlatBlocked", 31),
  ]

  private static let correctable: [BitField] = [
    .flag("RxErr", 0), .flag("BadTLP", 6), .flag("BadDLLP", 7), .flag("Rollover", 8),
    .flag("Timeout", 12), .flag("AdvNonFatalErr", 13), .flag("CorrIntErr", 14),
    .flag("HeaderOF", 15),
  ]

  /// PCIe 7.9.14. Root ports may extend it by a log of programmed I/O errors.
  static let downstreamPortContainment = CapabilityFormat(
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
