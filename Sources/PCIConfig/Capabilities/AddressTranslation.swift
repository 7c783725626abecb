extension CapabilityFormat {
  /// PCIe 10.5.1. A queue depth of 0 means 32.
  static let addressTranslationServices = CapabilityFormat(
    .addressTranslationServices, "Address Translation Service (ATS)", length: 8,
    registers: [
      Register(
        "ATSCap", at: 4, bytes: 2,
        [
          .quantity("InvalidateQueueDepth", 0...4) { "\($0 == 0 ? 32 : $0)" },
          .flag("PageAligned", 5), .flag("GlobalInvalidate", 6), .flag("RelaxedOrdering", 7),
        ]),
      Register(
        "ATSCtl", at: 6, bytes: 2,
        [
          .quantity("SmallestTranslationUnit", 0...4) { "2^\($0 + 12) bytes" },
          .flag("Enable", 15),
        ]),
    ])

  /// PCIe 10.5.2.
  static let pageRequest = CapabilityFormat(
    .pageRequest, "Page Request Interface (PRI)", length: 16,
    registers: [
      Register("PRICtl", at: 4, bytes: 2, [.flag("Enable", 0), .flag("Reset", 1)]),
      Register(
        "PRISta", at: 6, bytes: 2,
        [.flag("RF", 0), .flag("UPRGI", 1), .flag("Stopped", 8), .flag("PASIDRequired", 15)]),
      Register("RequestCapacity", at: 8, bytes: 4),
      Register("RequestAllocation", at: 12, bytes: 4),
    ])

  /// PCIe 7.8.9.
  static let pasid = CapabilityFormat(
    .pasid, "Process Address Space ID (PASID)", length: 8,
    registers: [
      Register(
        "PASIDCap", at: 4, bytes: 2,
        [
          .flag("Exec", 1), .flag("Priv", 2), .flag("TranslatedRequests", 3),
          .number("MaxWidth", 8...12, unit: " bits"),
        ]),
      Register(
        "PASIDCtl", at: 6, bytes: 2,
        [
          .flag("Enable", 0), .flag("Exec", 1), .flag("Priv", 2), .flag("TranslatedRequests", 3),
        ]),
    ])

  /// PCIe 7.7.11. With egress control there is a vector with one bit for each port or function
  /// group.
  static let accessControlServices = CapabilityFormat(
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
