import PCIConfig

extension CapabilityTemplate {
  static let msix = CapabilityTemplate(
    "msix", .msix,
    purpose: "a guest's driver takes its interrupts through it",
    settings: [
      CapabilitySetting("vectors", "control", 0x07ff, .count(1...2048), isRequired: true),
      CapabilitySetting("table", "table", .max, .place, isRequired: true),
      CapabilitySetting("pba", "pba", .max, .place, isRequired: true),
    ],
    byteCount: { _ in 12 },
    registers: { _ in
      let source = FactSource.qemu("hw/pci/msix.c, msix_init: all of MSI-X is the VMM's")
      return [
        RegisterTemplate(
          "control", at: 2, bytes: 2,
          [
            BitRule(
              0x07ff, "table size", .constant, .least,
              consequence: "a guest would wait for interrupts that the device cannot send",
              from: .pci("6.8.2.3")),
            BitRule(
              0xc000, "function mask and enable", .emulated, effect: .interrupts, from: source),
          ], from: .pci("6.8.2.3")),
        RegisterTemplate("table", at: 4, bytes: 4, from: source),
        RegisterTemplate("pba", at: 8, bytes: 4, from: source),
      ]
    })
}
