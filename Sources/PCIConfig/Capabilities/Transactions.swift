import ByteIO

extension CapabilityFormat {
  /// PCIe 7.9.1.
  static let virtualChannel = channels(.virtualChannel, "Virtual Channel")
  /// PCIe 7.9.1, in a device that also has the multi-function capability.
  static let virtualChannelWithMFVC = channels(
    .virtualChannelWithMFVC, "Virtual Channel (with MFVC)")

  private static func channels(_ id: CapabilityID, _ name: String) -> CapabilityFormat {
    CapabilityFormat(
      id, name,
      length: channelLength,
      registers: [
        Register(
          "PortCap1", at: 0x04, bytes: 4,
          [
            .number("ExtVCCount", 0...2), .number("LowPriorityExtVCCount", 4...6),
            .choice("RefClk", 8...9, [0: "100ns"]),
            .quantity("PATEntryBits", 10...11) { "\(1 << min($0, 3))" },
          ]),
        Register(
          "PortCap2", at: 0x08, bytes: 4,
          [
            .flag("Fixed", 0), .flag("WRR32", 1), .flag("WRR64", 2), .flag("WRR128", 3),
            .quantity("VCArbTable", 24...31) { "0x" + hex($0 << 4) },
          ]),
        Register(
          "PortCtl", at: 0x0c, bytes: 2, [.flag("LoadArbTable", 0), .number("ArbSelect", 1...3)]),
        Register("PortSta", at: 0x0e, bytes: 2, [.flag("InProgress", 0)]),
      ],
      variableRegisters: { view in
        (0...view.bits(0...2, at: 4)).flatMap { channel -> [Register] in
          let start = 0x10 &+ 0x0c &* channel
          return [
            Register("VC\(channel)Cap", at: start, bytes: 4, resourceCapability),
            Register("VC\(channel)Ctl", at: start &+ 4, bytes: 4, resourceControl),
            Register(
              "VC\(channel)Sta", at: start &+ 10, bytes: 2,
              [.flag("ArbTablePending", 0), .flag("NegoPending", 1)]),
          ]
        }
      })
  }

  private static let resourceCapability: [BitField] = [
    .flag("Fixed", 0), .flag("WRR32", 1), .flag("WRR64", 2), .flag("WRR128", 3),
    .flag("TWRR128", 4), .flag("WRR256", 5), .flag("RejSnoopTrans", 15),
    .quantity("MaxTimeSlots", 16...22) { "\($0 + 1)" },
    .quantity("PATOffset", 24...31) { "0x" + hex($0 << 4) },
  ]

  private static let resourceControl: [BitField] = [
    .hex("TC/VC", 0...7), .flag("LoadArbTable", 16), .number("ArbSelect", 17...19),
    .number("ID", 24...26), .flag("Enable", 31),
  ]

  /// The registers, and the arbitration tables wherever they lie behind them: their offsets count
  /// in 16 bytes, their sizes follow from the most phases that a channel supports (PCIe 7.9.1.11,
  /// 7.9.1.12).
  @Sendable private static func channelLength(_ view: CapabilityView) -> Int? {
    let count = view.bits(0...2, at: 4) &+ 1
    var length = 0x10 &+ 0x0c &* count
    let table = view.bits(24...31, at: 8) &* 16
    if table != 0 {
      let phases = view.isSet(3, at: 8) ? 128 : view.isSet(2, at: 8) ? 64 : 32
      length = max(length, table &+ phases / 2)
    }
    let entryBits = 1 << view.bits(10...11, at: 4)
    for channel in 0..<count {
      let start = 0x10 &+ 0x0c &* channel
      let ports = view.bits(24...31, at: start) &* 16
      guard ports != 0 else { continue }
      let phases =
        view.isSet(5, at: start)
        ? 256
        : view.isSet(3, at: start) || view.isSet(4, at: start)
          ? 128 : view.isSet(2, at: start) ? 64 : 32
      length = max(length, ports &+ phases &* entryBits / 8)
    }
    return length
  }

  /// PCIe 7.9.11. Ports also have an overlay window.
  static let multicast = CapabilityFormat(
    .multicast, "Multicast",
    length: { $0.space.headerType == 1 ? 0x30 : 0x28 },
    registers: [
      Register(
        "McastCap", at: 0x04, bytes: 2,
        [
          .quantity("MaxGroups", 0...5) { "\($0 + 1)" },
          .quantity("WindowSize", 8...13) { "2^\($0) bytes" }, .flag("ECRCRegen", 15),
        ]),
      Register(
        "McastCtl", at: 0x06, bytes: 2,
        [.quantity("Groups", 0...5) { "\($0 + 1)" }, .flag("Enable", 15)]),
      Register(
        "McastBAR", at: 0x08, bytes: 8,
        [
          .number("IndexPosition", 0...5),
          .quantity("Base", 12...63) { "0x" + hex($0 << 12, digits: 16) },
        ]),
      Register("McastReceive", at: 0x10, bytes: 8),
      Register("McastBlockAll", at: 0x18, bytes: 8),
      Register("McastBlockUntrans", at: 0x20, bytes: 8),
      Register(
        "McastOverlayBAR", at: 0x28, bytes: 8,
        [
          .quantity("Size", 0...5) { $0 < 6 ? "disabled" : "2^\($0) bytes" },
          .quantity("Base", 6...63) { "0x" + hex($0 << 6, digits: 16) },
        ], if: { $0.space.headerType == 1 }),
    ])

  /// PCIe 7.9.13. The steering tags follow the registers if they do not live in the MSI-X table.
  static let tphRequester = CapabilityFormat(
    .tphRequester, "Transaction Processing Hints",
    length: { 0x0c &+ ((steeringTagCount($0) &* 2 &+ 3) & ~3) },
    registers: [
      Register(
        "TPHCap", at: 4, bytes: 4,
        [
          .flag("NoST", 0), .flag("InterruptVector", 1), .flag("DeviceSpecific", 2),
          .flag("ExtRequester", 8),
          .choice("STTable", 9...10, [0: "none", 1: "in capability", 2: "in MSI-X table"]),
          .quantity("STTableSize", 16...26) { "\($0 + 1)" },
        ]),
      Register(
        "TPHCtl", at: 8, bytes: 4,
        [
          .choice("STMode", 0...2, [0: "none", 1: "interrupt vector", 2: "device specific"]),
          .choice("Requester", 8...9, [0: "disabled", 1: "TPH", 3: "TPH and extended TPH"]),
        ]),
    ],
    variableRegisters: { view in
      (0..<steeringTagCount(view)).map { Register("ST\($0)", at: 0x0c &+ 2 &* $0, bytes: 2) }
    })

  private static func steeringTagCount(_ view: CapabilityView) -> Int {
    view.bits(9...10, at: 4) == 1 ? min(64, view.bits(16...26, at: 4) &+ 1) : 0
  }

  /// PCIe 7.9.15.
  static let precisionTimeMeasurement = CapabilityFormat(
    .precisionTimeMeasurement, "Precision Time Measurement", length: 12,
    registers: [
      Register(
        "PTMCap", at: 4, bytes: 4,
        [
          .flag("Requester", 0), .flag("Responder", 1), .flag("Root", 2), .flag("ePTM", 3),
          .quantity("ClockGranularity", 8...15, granularity),
        ]),
      Register(
        "PTMCtl", at: 8, bytes: 4,
        [
          .flag("Enable", 0), .flag("RootSelected", 1),
          .quantity("EffectiveGranularity", 8...15, granularity),
        ]),
    ])

  @Sendable private static func granularity(_ value: UInt64) -> String {
    switch value {
    case 0: "unknown"
    case 255: ">254ns"
    default: "\(value)ns"
    }
  }

  /// PCIe 7.9.24.
  static let dataObjectExchange = CapabilityFormat(
    .dataObjectExchange, "Data Object Exchange", length: 0x18,
    registers: [
      Register(
        "DOECap", at: 0x04, bytes: 4,
        [.flag("IntSupp", 0), .number("IntMsgNum", 1...11), .flag("AttentionSupp", 12)]),
      Register(
        "DOECtl", at: 0x08, bytes: 4,
        [
          .flag("Abort", 0), .flag("IntEn", 1), .flag("AttentionNotNeeded", 2), .flag("Go", 31),
        ]),
      Register(
        "DOESta", at: 0x0c, bytes: 4,
        [
          .flag("Busy", 0), .flag("IntSta", 1), .flag("Error", 2), .flag("AttentionSta", 3),
          .flag("ObjectReady", 31),
        ]),
      Register("DOEWrite", at: 0x10, bytes: 4),
      Register("DOERead", at: 0x14, bytes: 4),
    ])

  /// PCIe 7.8.10.
  static let frsQueueing = CapabilityFormat(
    .frsQueueing, "FRS Queueing", length: 0x10,
    registers: [
      Register(
        "FRSCap", at: 0x04, bytes: 4, [.number("MaxDepth", 0...11), .number("IntMsgNum", 16...20)]),
      Register("FRSSta", at: 0x08, bytes: 2, [.flag("Received", 0), .flag("Overflow", 1)]),
      Register("FRSCtl", at: 0x0a, bytes: 2, [.flag("IntEn", 0)]),
      Register(
        "FRSQueue", at: 0x0c, bytes: 4,
        [.hex("FunctionID", 0...15), .number("Reason", 16...19), .number("Depth", 20...30)]),
    ])
}
