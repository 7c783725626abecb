extension CapabilityTable {
  /// PCIe 7.8.10.
  static let frsQueueing = CapabilityTable(
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
