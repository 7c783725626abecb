import ByteIO

extension CapabilityTable {
  /// PCIe 7.9.5.
  static let vendorSpecificExtended = CapabilityTable(
    .vendorSpecificExtended, "Vendor-Specific Extended",
    length: { view in
      let length = view.bits(20...31, at: 4)
      return length >= 8 ? length : nil
    },
    detail: { view in
      "ID=\(hex(view.bits(0...15, at: 4), digits: 4)) Rev=\(view.bits(16...19, at: 4)) "
        + "Len=\(view.bits(20...31, at: 4))"
    },
    registers: [
      Register(
        "VSECHdr", at: 4, bytes: 4,
        [.hex("ID", 0...15), .number("Rev", 16...19), .number("Length", 20...31)])
    ])
}
