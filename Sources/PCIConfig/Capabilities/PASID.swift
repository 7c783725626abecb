extension CapabilityTable {
  /// PCIe 7.8.9.
  static let pasid = CapabilityTable(
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
}
