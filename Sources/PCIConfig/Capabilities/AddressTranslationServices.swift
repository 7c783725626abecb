extension CapabilityTable {
  /// PCIe 10.5.1. A queue depth of 0 means 32.
  static let addressTranslationServices = CapabilityTable(
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
}
