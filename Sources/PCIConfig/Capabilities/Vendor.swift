import ByteIO

extension CapabilityFormat {
  /// PCIe 7.9.4; virtio's are those of the Virtual I/O Device specification 1.2, 4.1.4.
  static let vendorSpecific = CapabilityFormat(
    .vendorSpecific, "Vendor-Specific",
    length: { view in
      // A vendor that leaves the length 0 means what it wants; the header is all that is sure.
      let length = view.bits(0...7, at: 2)
      return length >= 3 ? length : nil
    },
    detail: { view in
      guard isVirtio(view) else { return nil }
      let type = UInt64(view.bits(0...7, at: 3))
      return "VirtIO: " + (virtioTypes[type] ?? "unknown type \(type)")
    },
    registers: [
      Register("Length", at: 2, bytes: 1),
      Register("cfg_type", at: 3, bytes: 1, [.choice("Type", 0...7, virtioTypes)], if: isVirtio),
      Register("bar", at: 4, bytes: 1, if: isVirtio),
      Register("id", at: 5, bytes: 1, if: isVirtio),
      Register("offset", at: 8, bytes: 4, if: isVirtio),
      Register("length", at: 12, bytes: 4, if: isVirtio),
      Register("notify_off_multiplier", at: 16, bytes: 4, if: { isVirtio($0, type: 2) }),
      Register("pci_cfg_data", at: 16, bytes: 4, if: { isVirtio($0, type: 5) }),
      Register("offset_hi", at: 16, bytes: 4, if: { isVirtio($0, type: 8) }),
      Register("length_hi", at: 20, bytes: 4, if: { isVirtio($0, type: 8) }),
    ])

  private static let virtioTypes: [UInt64: String] = [
    1: "CommonCfg", 2: "Notify", 3: "ISR", 4: "DeviceCfg", 5: "PCI configuration access",
    8: "Shared memory", 9: "Vendor data",
  ]

  /// Vendor 1af4, device 1000 to 107f (virtio 4.1.2); other devices of that vendor are QEMU's own.
  @Sendable private static func isVirtio(_ view: CapabilityView) -> Bool {
    view.space.vendorID == 0x1af4 && (0x1000...0x107f).contains(view.space.deviceID)
      && view.bits(0...7, at: 2) >= 16
  }

  private static func isVirtio(_ view: CapabilityView, type: Int) -> Bool {
    isVirtio(view) && view.bits(0...7, at: 3) == type
  }

  /// PCIe 7.9.5.
  static let vendorSpecificExtended = CapabilityFormat(
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

  /// PCIe 7.9.6: like VSEC, with the id of the vendor who defined it.
  static let designatedVendorSpecific = CapabilityFormat(
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
