import ByteIO

extension CapabilityFormat {
  /// PCIe 7.7.1: 10 to 24 bytes, by 64-bit addresses and by masks for each vector.
  static let msi = CapabilityFormat(
    .msi, "MSI",
    length: { view in
      (is64Bit(view) ? 14 : 10) + (isMaskable(view) ? 10 : 0)
    },
    registers: [
      Register(
        "MsgCtl", at: 2, bytes: 2,
        [
          .flag("Enable", 0),
          .quantity("CapableCount", 1...3) { "\(1 << min($0, 7))" },
          .quantity("EnabledCount", 4...6) { "\(1 << min($0, 7))" },
          .flag("64bit", 7),
          .flag("Maskable", 8),
          .flag("ExtDataCapable", 9),
          .flag("ExtDataEnable", 10),
        ]),
      Register("Address", at: 4, bytes: 4, if: { !is64Bit($0) }),
      Register("Address", at: 4, bytes: 8, if: is64Bit),
      Register("Data", at: 8, bytes: 2, if: { !is64Bit($0) }),
      Register("Data", at: 12, bytes: 2, if: is64Bit),
      Register("ExtData", at: 10, bytes: 2, if: { !is64Bit($0) && isMaskable($0) }),
      Register("ExtData", at: 14, bytes: 2, if: { is64Bit($0) && isMaskable($0) }),
      Register("Mask", at: 12, bytes: 4, if: { !is64Bit($0) && isMaskable($0) }),
      Register("Mask", at: 16, bytes: 4, if: { is64Bit($0) && isMaskable($0) }),
      Register("Pending", at: 16, bytes: 4, if: { !is64Bit($0) && isMaskable($0) }),
      Register("Pending", at: 20, bytes: 4, if: { is64Bit($0) && isMaskable($0) }),
    ])

  @Sendable private static func is64Bit(_ view: CapabilityView) -> Bool { view.isSet(7, at: 2) }

  @Sendable private static func isMaskable(_ view: CapabilityView) -> Bool { view.isSet(8, at: 2) }

  /// PCIe 7.7.2. The table's size is kept as one less than the number of vectors.
  static let msix = CapabilityFormat(
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
