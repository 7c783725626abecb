import ByteIO

extension CapabilityTable {
  /// PCIe 7.9.1.
  static let virtualChannel = channels(.virtualChannel, "Virtual Channel")
  /// PCIe 7.9.1, in a device that also has the multi-function capability.
  static let virtualChannelWithMFVC = channels(
    .virtualChannelWithMFVC, "Virtual Channel (with MFVC)")

  private static func channels(_ id: CapabilityID, _ name: String) -> CapabilityTable {
    CapabilityTable(
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

  /// The registers, and the arbitration tables wherever they lie behind them: their offsets count in 16 bytes, their
  /// sizes follow from the most phases that a channel supports (PCIe 7.9.1.11, 7.9.1.12).
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
}
