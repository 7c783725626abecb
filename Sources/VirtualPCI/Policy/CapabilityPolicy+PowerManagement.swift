import PCIConfig

extension CapabilityPolicy {
  static let powerManagement = CapabilityPolicy(
    "pm", .powerManagement, version: 3, versionBits: ("capabilities", 0x7),
    purpose: "a guest that suspends the function writes its power state here",
    byteCount: { _ in 8 },
    registers: { _ in
      [
        RegisterPolicy(
          "capabilities", at: 2, bytes: 2,
          [
            BitRule(
              0x0010, "immediate readiness on return to D0", .constant, .common,
              consequence: "a guest would use the function before it is ready",
              from: .pcie("7.5.2.1")),
            BitRule(
              0x0600, "D1 and D2", .constant, .common,
              consequence: "a guest would choose a power state that the function does not have",
              from: .pcie("7.5.2.1")),
            BitRule(
              0xf800, "PME support",
              from: .vfio("init_pci_cap_pm_perm: a guest cannot receive PMEs")),
          ], from: .pcie("7.5.2.1")),
        RegisterPolicy(
          "control", at: 4, bytes: 2,
          [
            BitRule(
              0x0003, "power state", .emulated, effect: .power,
              from: .vfio("vfio_pm_config_write: trapped, the kernel changes the state")),
            BitRule(
              0x0008, "no soft reset", .constant, .common,
              consequence: "a guest would expect its state to survive D3hot",
              from: .pcie("7.5.2.2")),
            BitRule(
              0x8100, "PME enable and status",
              from: .vfio("init_pci_cap_pm_perm: a guest cannot receive PMEs")),
          ], from: .pcie("7.5.2.2")),
      ]
    })
}
