extension CapabilityTable {
  /// PCIe 7.7.11. With egress control there is a vector with one bit for each port or function group.
  static let accessControlServices = CapabilityTable(
    .accessControlServices, "Access Control Services",
    length: { view in 8 &+ 4 &* egressWordCount(view) },
    registers: [
      Register(
        "ACSCap", at: 4, bytes: 2,
        services + [
          .flag("Enhanced", 7),
          .quantity("EgressVectorSize", 8...15) { "\($0 == 0 ? 256 : $0)" },
        ]),
      Register(
        "ACSCtl", at: 6, bytes: 2,
        services + [
          .flag("IORequestBlocking", 7), .number("DSPMemTarget", 8...9),
          .number("USPMemTarget", 10...11), .flag("UnclaimedRedir", 12),
        ]),
    ],
    variableRegisters: { view in
      (0..<egressWordCount(view)).map {
        Register("EgressVector\($0)", at: 8 &+ 4 &* $0, bytes: 4)
      }
    })

  private static func egressWordCount(_ view: CapabilityView) -> Int {
    guard view.isSet(5, at: 4) else { return 0 }
    let bitCount = view.bits(8...15, at: 4)
    return ((bitCount == 0 ? 256 : bitCount) &+ 31) / 32
  }

  private static let services: [BitField] = [
    .flag("SrcValid", 0), .flag("TransBlk", 1), .flag("ReqRedir", 2), .flag("CmpltRedir", 3),
    .flag("UpstreamFwd", 4), .flag("EgressCtrl", 5), .flag("DirectTrans", 6),
  ]
}
