extension CapabilityTable {
  /// PCIe 7.8.8.
  static let alternativeRoutingID = CapabilityTable(
    .alternativeRoutingID, "Alternative Routing-ID Interpretation (ARI)", length: 8,
    registers: [
      Register(
        "ARICap", at: 4, bytes: 2,
        [.flag("MFVC", 0), .flag("ACS", 1), .number("NextFunction", 8...15)]),
      Register(
        "ARICtl", at: 6, bytes: 2,
        [.flag("MFVC", 0), .flag("ACS", 1), .number("FunctionGroup", 4...6)]),
    ])
}
