extension CapabilityTable {
  /// PCIe 7.8.4. Root ports and event collectors have more, and so have functions that use packet prefixes.
  static let advancedErrorReporting = CapabilityTable(
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
}
