extension CapabilityTable {
  /// PCIe 7.7.4.
  static let dataLinkFeature = CapabilityTable(
    .dataLinkFeature, "Data Link Feature", length: 12,
    registers: [
      Register(
        "DLFCap", at: 4, bytes: 4,
        [.flag("ScaledFlowControl", 0), .hex("LocalFeatures", 0...22), .flag("Exchange", 31)]),
      Register(
        "DLFSta", at: 8, bytes: 4,
        [.flag("ScaledFlowControl", 0), .hex("RemoteFeatures", 0...22), .flag("Valid", 31)]),
    ])
}
