extension CapabilityTable {
  /// PCIe 7.9.23.
  static let subsystemID = CapabilityTable(
    .subsystemID, "Subsystem", length: 8,
    registers: [
      Register("SSVID", at: 4, bytes: 2),
      Register("SSID", at: 6, bytes: 2),
    ])
}
