extension CapabilityTable {
  /// PCIe 7.9.18.
  static let vitalProductData = CapabilityTable(
    .vitalProductData, "Vital Product Data", length: 8,
    registers: [
      Register("VPDAddress", at: 2, bytes: 2, [.hex("Address", 0...14), .flag("F", 15)]),
      Register("VPDData", at: 4, bytes: 4),
    ])
}
