extension CapabilityTable {
  /// PCIe 7.9.24.
  static let dataObjectExchange = CapabilityTable(
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
}
