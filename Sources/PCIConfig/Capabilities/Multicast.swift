import ByteIO

extension CapabilityTable {
  /// PCIe 7.9.11. Ports also have an overlay window.
  static let multicast = CapabilityTable(
    .multicast, "Multicast",
    length: { $0.space.headerType == 1 ? 0x30 : 0x28 },
    registers: [
      Register(
        "McastCap", at: 0x04, bytes: 2,
        [
          .quantity("MaxGroups", 0...5) { "\($0 + 1)" },
          .quantity("WindowSize", 8...13) { "2^\($0) bytes" }, .flag("ECRCRegen", 15),
        ]),
      Register(
        "McastCtl", at: 0x06, bytes: 2,
        [.quantity("Groups", 0...5) { "\($0 + 1)" }, .flag("Enable", 15)]),
      Register(
        "McastBAR", at: 0x08, bytes: 8,
        [
          .number("IndexPosition", 0...5),
          .quantity("Base", 12...63) { "0x" + hex($0 << 12, digits: 16) },
        ]),
      Register("McastReceive", at: 0x10, bytes: 8),
      Register("McastBlockAll", at: 0x18, bytes: 8),
      Register("McastBlockUntrans", at: 0x20, bytes: 8),
      Register(
        "McastOverlayBAR", at: 0x28, bytes: 8,
        [
          .quantity("Size", 0...5) { $0 < 6 ? "disabled" : "2^\($0) bytes" },
          .quantity("Base", 6...63) { "0x" + hex($0 << 6, digits: 16) },
        ], if: { $0.space.headerType == 1 }),
    ])
}
