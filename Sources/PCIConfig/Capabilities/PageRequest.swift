extension CapabilityTable {
  /// PCIe 10.5.2.
  static let pageRequest = CapabilityTable(
    .pageRequest, "Page Request Interface (PRI)", length: 16,
    registers: [
      Register("PRICtl", at: 4, bytes: 2, [.flag("Enable", 0), .flag("Reset", 1)]),
      Register(
        "PRISta", at: 6, bytes: 2,
        [.flag("RF", 0), .flag("UPRGI", 1), .flag("Stopped", 8), .flag("PASIDRequired", 15)]),
      Register("RequestCapacity", at: 8, bytes: 4),
      Register("RequestAllocation", at: 12, bytes: 4),
    ])
}
