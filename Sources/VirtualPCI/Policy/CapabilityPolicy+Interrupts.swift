import PCIConfig

extension CapabilityPolicy {
  static let msi = CapabilityPolicy(
    "msi", .msi,
    purpose: "a guest without MSI-X takes its interrupts through it",
    settings: [
      CapabilitySetting("vectors", "control", 0x000e, .powerOfTwo(1...32)),
      CapabilitySetting("address-64bit", "control", 0x0080, .flag),
      CapabilitySetting("maskable", "control", 0x0100, .flag),
    ],
    byteCount: { content in
      let control = content.values["control"] ?? 0x80
      return 10 + (control & 0x80 != 0 ? 4 : 0) + (control & 0x100 != 0 ? 10 : 0)
    },
    registers: { content in
      let source = Citation.qemu("hw/pci/msi.c, msi_init: all of MSI is the VMM's")
      let control = content.values["control"] ?? 0x80
      let is64Bit = control & 0x80 != 0
      let data = is64Bit ? 12 : 8
      var registers = [
        RegisterPolicy(
          "control", at: 2, bytes: 2, reset: 0x80,
          [
            BitRule(0x0001, "enable", .emulated, effect: .interrupts, from: source),
            BitRule(
              0x000e, "multiple message capable", .constant, .least,
              consequence: "a guest would wait for interrupts that the device cannot send",
              from: .pci("6.8.1.3")),
            BitRule(
              0x0070, "multiple message enable", .emulated, effect: .interrupts, from: source),
            BitRule(
              0x0180, "64-bit address and per-vector masking", .constant, .commonShown, from: source
            ),
          ], from: .pci("6.8.1.3")),
        RegisterPolicy(
          "address", at: 4, bytes: 4,
          [BitRule(0xffff_fffc, "message address", .emulated, effect: .interrupts, from: source)],
          from: .pci("6.8.1.4")),
      ]
      if is64Bit {
        registers.append(
          RegisterPolicy(
            "upper-address", at: 8, bytes: 4,
            [BitRule(.max, "message upper address", .emulated, effect: .interrupts, from: source)],
            from: .pci("6.8.1.5")))
      }
      registers.append(
        RegisterPolicy(
          "data", at: data, bytes: 2,
          [BitRule(0xffff, "message data", .emulated, effect: .interrupts, from: source)],
          from: .pci("6.8.1.6")))
      if control & 0x100 != 0 {
        let vectors = min(5, control.field(0x0e))
        let mask = vectors == 5 ? UInt32.max : (1 << (1 << vectors)) - 1
        registers.append(
          RegisterPolicy(
            "mask", at: data + 4, bytes: 4,
            [BitRule(mask, "mask bits", .emulated, effect: .interrupts, from: source)],
            from: .pci("6.8.1.7")))
        registers.append(
          RegisterPolicy("pending", at: data + 8, bytes: 4, from: .pci("6.8.1.8")))
      }
      return registers
    })

  static let msix = CapabilityPolicy(
    "msix", .msix,
    purpose: "a guest's driver takes its interrupts through it",
    settings: [
      CapabilitySetting("vectors", "control", 0x07ff, .count(1...2048), isRequired: true),
      CapabilitySetting("table", "table", .max, .place, isRequired: true),
      CapabilitySetting("pba", "pba", .max, .place, isRequired: true),
    ],
    byteCount: { _ in 12 },
    registers: { _ in
      let source = Citation.qemu("hw/pci/msix.c, msix_init: all of MSI-X is the VMM's")
      return [
        RegisterPolicy(
          "control", at: 2, bytes: 2,
          [
            BitRule(
              0x07ff, "table size", .constant, .least,
              consequence: "a guest would wait for interrupts that the device cannot send",
              from: .pci("6.8.2.3")),
            BitRule(
              0xc000, "function mask and enable", .emulated, effect: .interrupts, from: source),
          ], from: .pci("6.8.2.3")),
        RegisterPolicy("table", at: 4, bytes: 4, from: source),
        RegisterPolicy("pba", at: 8, bytes: 4, from: source),
      ]
    })
}
