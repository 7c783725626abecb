extension CapabilityFormat {
  /// PCIe 7.7.3: equalization at 8 GT/s, two bytes a lane.
  static let secondaryPCIExpress = CapabilityFormat(
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

  /// PCIe 7.7.4.
  static let dataLinkFeature = CapabilityFormat(
    .dataLinkFeature, "Data Link Feature", length: 12,
    registers: [
      Register(
        "DLFCap", at: 4, bytes: 4,
        [.flag("ScaledFlowControl", 0), .hex("LocalFeatures", 0...22), .flag("Exchange", 31)]),
      Register(
        "DLFSta", at: 8, bytes: 4,
        [.flag("ScaledFlowControl", 0), .hex("RemoteFeatures", 0...22), .flag("Valid", 31)]),
    ])

  /// PCIe 7.7.10: control and status for each lane.
  static let laneMargining = CapabilityFormat(
    .laneMargining, "Lane Margining at the Receiver",
    length: { LinkVocabulary.length($0, lanesAt: 8, bytesPerLane: 4) },
    registers: [
      Register("PortCap", at: 4, bytes: 2, [.flag("Driver", 0)]),
      Register("PortSta", at: 6, bytes: 2, [.flag("MargReady", 0), .flag("MargSoftReady", 1)]),
    ],
    variableRegisters: { view in
      (0..<view.laneCount).flatMap { lane in
        [
          Register("LaneCtl\(lane)", at: 8 &+ 4 &* lane, bytes: 2, margin),
          Register("LaneSta\(lane)", at: 10 &+ 4 &* lane, bytes: 2, margin),
        ]
      }
    })

  private static let margin: [BitField] = [
    .number("Receiver", 0...2), .number("Type", 3...5), .number("Usage", 6...6),
    .hex("Payload", 8...15),
  ]

  /// PCIe 7.7.5.
  static let physicalLayer16GT = CapabilityFormat(
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

  /// PCIe 7.7.6.
  static let physicalLayer32GT = CapabilityFormat(
    .physicalLayer32GT, "Physical Layer 32.0 GT/s",
    length: { LinkVocabulary.length($0, lanesAt: 0x20, bytesPerLane: 1) },
    registers: [
      Register(
        "Phy32Cap", at: 0x04, bytes: 4,
        [
          .flag("EqualizationBypass", 0), .flag("NoEqualizationNeeded", 1),
          .flag("ModTsMode0", 8), .flag("ModTsMode1", 9), .flag("ModTsMode2", 10),
        ]),
      Register(
        "Phy32Ctl", at: 0x08, bytes: 4,
        [
          .flag("EqualizationBypassDis", 0), .flag("NoEqualizationNeededDis", 1),
          .choice(
            "ModifiedTsMode", 8...10,
            [0: "PCI Express", 1: "training set messages", 2: "alternate protocol"]),
        ]),
      Register(
        "Phy32Sta", at: 0x0c, bytes: 4,
        [
          .flag("EquComplete", 0), .flag("EquPhase1", 1), .flag("EquPhase2", 2),
          .flag("EquPhase3", 3), .flag("LinkEquRequest", 4), .flag("ModTsRecv", 5),
          .number("RxEnhancedLink", 6...7), .flag("TxPrecodeOn", 8), .flag("TxPrecodeReq", 9),
          .flag("NoEqualizationNeededRecv", 10),
        ]),
      Register("RxModTs1", at: 0x10, bytes: 4),
      Register("RxModTs2", at: 0x14, bytes: 4),
      Register("TxModTs1", at: 0x18, bytes: 4),
      Register("TxModTs2", at: 0x1c, bytes: 4),
    ],
    variableRegisters: { LinkVocabulary.laneRegisters($0, at: 0x20) })

  /// PCIe 7.7.7; the place of the lanes is also Linux's `PCI_PL_64GT_LE_CTRL`.
  static let physicalLayer64GT = CapabilityFormat(
    .physicalLayer64GT, "Physical Layer 64.0 GT/s",
    length: { LinkVocabulary.length($0, lanesAt: 0x20, bytesPerLane: 1) },
    registers: [
      Register("Phy64Cap", at: 0x04, bytes: 4),
      Register("Phy64Ctl", at: 0x08, bytes: 4),
      Register(
        "Phy64Sta", at: 0x0c, bytes: 4,
        [
          .flag("EquComplete", 0), .flag("EquPhase1", 1), .flag("EquPhase2", 2),
          .flag("EquPhase3", 3), .flag("LinkEquRequest", 4), .flag("TxPrecodeOn", 5),
          .flag("TxPrecodeReq", 6), .flag("NoEqualizationNeededRecv", 7),
        ]),
    ],
    variableRegisters: { LinkVocabulary.laneRegisters($0, at: 0x20) })
}

/// Encodings that several link registers share.
enum LinkVocabulary {
  /// Speeds as PCIe 7.5.3.6 numbers them.
  static let speeds: [UInt64: String] = [
    1: "2.5GT/s", 2: "5GT/s", 3: "8GT/s", 4: "16GT/s", 5: "32GT/s", 6: "64GT/s",
  ]

  /// Transmitter preset and receiver hint of one lane in one byte, by each end of the link (PCIe
  /// 7.7.5.9).
  static let lanePresets: [BitField] = [
    .number("DSPTxPreset", 0...3), .number("USPTxPreset", 4...7),
  ]

  static func width(_ value: UInt64) -> String { "x\(value)" }

  /// One byte of presets a lane, from `start` on.
  static func laneRegisters(_ view: CapabilityView, at start: Int) -> [Register] {
    (0..<view.laneCount).map {
      Register("LaneEqCtl\($0)", at: start &+ $0, bytes: 1, lanePresets)
    }
  }

  /// What a structure with one byte a lane from `start` on takes, in whole words of four bytes.
  static func length(_ view: CapabilityView, lanesAt start: Int, bytesPerLane: Int) -> Int {
    start &+ ((view.laneCount &* bytesPerLane &+ 3) & ~3)
  }
}
