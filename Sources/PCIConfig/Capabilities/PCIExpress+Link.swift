extension CapabilityFormat {
  /// PCIe 7.5.3.6 to 7.5.3.8 and 7.5.3.18 to 7.5.3.20; functions without a link have none of them.
  static let expressLink: [Register] = [
    Register(
      "LnkCap", at: 0x0c, bytes: 4,
      [
        .choice("Speed", 0...3, LinkVocabulary.speeds),
        .quantity("Width", 4...9, LinkVocabulary.width),
        .choice("ASPM", 10...11, [0: "not supported", 1: "L0s", 2: "L1", 3: "L0s L1"]),
        .choice(
          "ExitLatencyL0s", 12...14,
          [
            0: "<64ns", 1: "<128ns", 2: "<256ns", 3: "<512ns", 4: "<1us", 5: "<2us", 6: "<4us",
            7: ">4us",
          ]),
        .choice(
          "ExitLatencyL1", 15...17,
          [
            0: "<1us", 1: "<2us", 2: "<4us", 3: "<8us", 4: "<16us", 5: "<32us", 6: "<64us",
            7: ">64us",
          ]),
        .flag("ClockPM", 18),
        .flag("Surprise", 19),
        .flag("LLActRep", 20),
        .flag("BwNot", 21),
        .flag("ASPMOptComp", 22),
        .number("Port", 24...31),
      ], if: expressHasLink),
    Register(
      "LnkCtl", at: 0x10, bytes: 2,
      [
        .choice("ASPM", 0...1, [0: "disabled", 1: "L0s", 2: "L1", 3: "L0s L1"]),
        .flag("PtmPropDelayAdapt", 2),
        .choice("RCB", 3...3, [0: "64 bytes", 1: "128 bytes"]),
        .flag("Disabled", 4),
        .flag("Retrain", 5),
        .flag("CommClk", 6),
        .flag("ExtSynch", 7),
        .flag("ClockPM", 8),
        .flag("AutWidDis", 9),
        .flag("BWInt", 10),
        .flag("AutBWInt", 11),
        .flag("SRISClocking", 12),
        .flag("FlitModeDis", 13),
        .number("DRSSignaling", 14...15),
      ], if: expressHasLink),
    Register(
      "LnkSta", at: 0x12, bytes: 2,
      [
        .choice("Speed", 0...3, LinkVocabulary.speeds),
        .quantity("Width", 4...9, LinkVocabulary.width),
        .flag("TrErr", 10),
        .flag("Train", 11),
        .flag("SlotClk", 12),
        .flag("DLActive", 13),
        .flag("BWMgmt", 14),
        .flag("ABWMgmt", 15),
      ], if: expressHasLink),
    Register(
      "LnkCap2", at: 0x2c, bytes: 4,
      [
        .quantity("SupportedSpeeds", 1...7, supportedSpeeds),
        .flag("Crosslink", 8),
        .hex("LowerSKPOSGeneration", 9...15),
        .hex("LowerSKPOSReception", 16...22),
        .flag("Retimer", 23),
        .flag("2Retimers", 24),
        .flag("DRS", 31),
      ], if: { expressIsVersion2($0) && expressHasLink($0) }),
    Register(
      "LnkCtl2", at: 0x30, bytes: 2,
      [
        .choice("TargetLinkSpeed", 0...3, LinkVocabulary.speeds),
        .flag("EnterCompliance", 4),
        .flag("SpeedDis", 5),
        .choice("SelectableDeEmphasis", 6...6, [0: "-6dB", 1: "-3.5dB"]),
        .number("TransmitMargin", 7...9),
        .flag("EnterModifiedCompliance", 10),
        .flag("ComplianceSOS", 11),
        .number("CompliancePreset/De-emphasis", 12...15),
      ], if: { expressIsVersion2($0) && expressHasLink($0) }),
    Register(
      "LnkSta2", at: 0x32, bytes: 2,
      [
        .choice("CurrentDe-emphasis", 0...0, [0: "-6dB", 1: "-3.5dB"]),
        .flag("EqualizationComplete", 1),
        .flag("EqualizationPhase1", 2),
        .flag("EqualizationPhase2", 3),
        .flag("EqualizationPhase3", 4),
        .flag("LinkEqualizationRequest", 5),
        .flag("Retimer", 6),
        .flag("2Retimers", 7),
        .choice(
          "CrosslinkRes", 8...9,
          [0: "unsupported", 1: "upstream port", 2: "downstream port", 3: "not resolved"]),
        .flag("FlitMode", 10),
        .number("DownstreamComp", 12...14),
        .flag("DRSReceived", 15),
      ], if: { expressIsVersion2($0) && expressHasLink($0) }),
  ]

  /// The speeds of a vector whose bit 0 is 2.5GT/s, from the lowest to the highest.
  @Sendable private static func supportedSpeeds(_ vector: UInt64) -> String {
    let speeds = (0..<7).filter { vector >> UInt64($0) & 1 != 0 }
      .map { LinkVocabulary.speeds[UInt64($0 + 1)] ?? "bit \($0 + 1)" }
    return speeds.isEmpty ? "none" : speeds.joined(separator: " ")
  }
}
