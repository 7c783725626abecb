extension CapabilityTable {
  /// PCIe 7.9.13. The steering tags follow the registers if they do not live in the MSI-X table.
  static let tphRequester = CapabilityTable(
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
}
