extension CapabilityTable {
  /// PCIe 7.9.3: an EUI-64, lowest byte first.
  static let deviceSerialNumber = CapabilityTable(
    .deviceSerialNumber, "Device Serial Number", length: 12,
    registers: [Register("SerialNumber", at: 4, bytes: 8)])
}
