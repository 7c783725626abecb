import PCIConfig

extension CapabilityPolicy {
  static let advancedErrorReporting = CapabilityPolicy(
    "aer", .advancedErrorReporting, version: 2,
    purpose: "a guest reads here which errors the function met",
    byteCount: { _ in 0x48 },
    registers: { _ in
      let status = Citation.vfio("init_pci_ext_cap_err_perm: status is the device's")
      let masks = Citation.pcie(
        "7.8.4: the default of the specification, since firmware sets the device's as it likes")
      var registers = [
        RegisterPolicy(
          "uncorrectable-status", at: 0x04, bytes: 4,
          [BitRule(uncorrectable, "uncorrectable errors", .deviceClearable, from: status)],
          from: .pcie("7.8.4.2")),
        RegisterPolicy(
          "uncorrectable-mask", at: 0x08, bytes: 4,
          [BitRule(uncorrectable, "uncorrectable error mask", .emulated, from: masks)],
          from: .pcie("7.8.4.3")),
        RegisterPolicy(
          "uncorrectable-severity", at: 0x0c, bytes: 4, reset: 0x0046_2030,
          [BitRule(uncorrectable, "uncorrectable error severity", .emulated, from: masks)],
          from: .pcie("7.8.4.4")),
        RegisterPolicy(
          "correctable-status", at: 0x10, bytes: 4,
          [BitRule(correctable, "correctable errors", .deviceClearable, from: status)],
          from: .pcie("7.8.4.5")),
        RegisterPolicy(
          "correctable-mask", at: 0x14, bytes: 4, reset: 0x0000_2000,
          [BitRule(correctable, "correctable error mask", .emulated, from: masks)],
          from: .pcie("7.8.4.6")),
        RegisterPolicy(
          "control", at: 0x18, bytes: 4,
          [
            BitRule(0x0000_001f, "first error pointer", .deviceReadOnly, from: status),
            BitRule(
              0x0000_01e0, "ECRC", from: .pcie("7.8.4.7: optional; the link's check is the host's")),
          ], from: .pcie("7.8.4.7")),
      ]
      for index in 0..<4 {
        registers.append(
          RegisterPolicy(
            "header-log-\(index)", at: 0x1c + 4 * index, bytes: 4,
            [BitRule(.max, "header log", .deviceReadOnly, from: status)], from: .pcie("7.8.4.8")))
      }
      return registers
    })

  /// The writable bits of the kernel's table without the undefined bit 0.
  private static let uncorrectable: UInt32 = 0x03ff_f030
  private static let correctable: UInt32 = 0x0000_f1c1
}
