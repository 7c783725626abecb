import ByteIO

extension CapabilityTable {
  /// PCIe 7.9.3: an EUI-64, whose highest byte comes first where people write it.
  static let deviceSerialNumber = CapabilityTable(
    .deviceSerialNumber, "Device Serial Number",
    length: { _ in 12 },
    detail: { view in
      (0..<8).reversed().map { hex(view.bits(0...7, at: 4 &+ $0), digits: 2) }
        .joined(separator: "-")
    },
    registers: [
      Register("SerialNumberLow", at: 4, bytes: 4),
      Register("SerialNumberHigh", at: 8, bytes: 4),
    ])
}
