import PCIConfig

extension CapabilityTemplate {
  static let advancedFeatures = CapabilityTemplate(
    "af", .advancedFeatures,
    purpose: "a guest resets a conventional function through it",
    byteCount: { _ in 6 },
    registers: { _ in
      [
        RegisterTemplate(
          "length", at: 2, bytes: 1, reset: 6, from: .pci("ECN Advanced Capabilities")),
        RegisterTemplate(
          "capabilities", at: 3, bytes: 1, reset: 0x03,
          [
            BitRule(
              0x03, "transactions pending and function-level reset", .constant, .common,
              consequence: "a guest's reset would have no effect",
              from: .pci("ECN Advanced Capabilities"))
          ], from: .pci("ECN Advanced Capabilities")),
        RegisterTemplate(
          "control", at: 4, bytes: 1,
          [
            BitRule(
              0x01, "initiate function-level reset", .trigger, effect: .functionReset,
              from: .vfio("vfio_af_config_write: trapped, the kernel resets the function"))
          ], from: .pci("ECN Advanced Capabilities")),
        RegisterTemplate(
          "status", at: 5, bytes: 1,
          [
            BitRule(
              0x01, "transactions pending", .deviceReadOnly,
              from: .vfio("init_pci_cap_af_perm: read from the device"))
          ], from: .pci("ECN Advanced Capabilities")),
      ]
    })
}
