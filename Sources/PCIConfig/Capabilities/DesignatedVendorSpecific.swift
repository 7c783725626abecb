import ByteIO

extension CapabilityTable {
  /// PCIe 7.9.6: like VSEC, with the id of the vendor who defined it.
  static let designatedVendorSpecific = CapabilityTable(
    .designatedVendorSpecific, "Designated Vendor-Specific",
    length: { view in
      let length = view.bits(20...31, at: 4)
      return length >= 10 ? length : nil
    },
    detail: { view in
      let vendor = view.bits(0...15, at: 4)
      return "Vendor=\(hex(vendor, digits: 4))\(vendor == 0x1e98 ? " (CXL)" : "") "
        + "ID=\(hex(view.bits(0...15, at: 8), digits: 4)) Rev=\(view.bits(16...19, at: 4)) "
        + "Len=\(view.bits(20...31, at: 4))"
    },
    registers: [
      Register(
        "DVSECHdr1", at: 4, bytes: 4,
        [.hex("Vendor", 0...15), .number("Rev", 16...19), .number("Length", 20...31)]),
      Register("DVSECHdr2", at: 8, bytes: 2, [.hex("ID", 0...15)]),
    ])
}
