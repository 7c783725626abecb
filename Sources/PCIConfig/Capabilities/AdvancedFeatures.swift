extension CapabilityTable {
  /// PCIe 7.9.21: reset of a function on conventional PCI.
  static let advancedFeatures = CapabilityTable(
    .advancedFeatures, "PCI Advanced Features", length: 6,
    registers: [
      Register("Length", at: 2, bytes: 1),
      Register("AFCap", at: 3, bytes: 1, [.flag("TP", 0), .flag("FLR", 1)]),
      Register("AFCtrl", at: 4, bytes: 1, [.flag("FLR", 0)]),
      Register("AFStatus", at: 5, bytes: 1, [.flag("TP", 0)]),
    ])
}
