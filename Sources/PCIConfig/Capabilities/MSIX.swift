import ByteIO

extension CapabilityTable {
  /// PCIe 7.7.2. The table's size is kept as one less than the number of vectors.
  static let msix = CapabilityTable(
    .msix, "MSI-X", length: 12,
    registers: [
      Register(
        "MsgCtl", at: 2, bytes: 2,
        [
          .quantity("Count", 0...10) { "\($0 + 1)" },
          .flag("Masked", 14),
          .flag("Enable", 15),
        ]),
      Register("Table", at: 4, bytes: 4, place),
      Register("PBA", at: 8, bytes: 4, place),
    ])

  private static let place: [BitField] = [
    .number("BAR", 0...2),
    .quantity("Offset", 3...31) { "0x" + hex($0 << 3, digits: 8) },
  ]
}
