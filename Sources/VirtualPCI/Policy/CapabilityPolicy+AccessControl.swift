import PCIConfig

extension CapabilityPolicy {
  static let accessControl = CapabilityPolicy(
    "acs", .accessControlServices,
    purpose: "a guest learns here that peers are kept apart",
    byteCount: { _ in 8 },
    registers: { content in
      let capabilities = content.values["capabilities"] ?? 0
      return [
        RegisterPolicy(
          "capabilities", at: 4, bytes: 2,
          [
            BitRule(
              0x005f, "access controls", .constant, .common,
              consequence: "a guest would trust an isolation that the device does not give",
              from: .pcie("7.7.11.2")),
            BitRule(
              0xff20, "egress control",
              from: .pcie("7.7.11.2: between ports and functions of the host")),
          ], from: .pcie("7.7.11.2")),
        RegisterPolicy(
          "control", at: 6, bytes: 2,
          [
            BitRule(
              capabilities & 0x5f, "access control enables", .emulated,
              from: .vfio("no writable bits for ACS: isolation is the host's"))
          ], from: .pcie("7.7.11.3")),
      ]
    })

  static let tphRequester = CapabilityPolicy(
    "tph", .tphRequester,
    purpose: "a guest lets the device place its data near a processor",
    byteCount: { _ in 12 },
    registers: { _ in
      [
        RegisterPolicy(
          "capabilities", at: 4, bytes: 4, reset: 0x1,
          [
            BitRule(
              0x0000_0001, "no-steering-tag mode", .constant, .common,
              consequence: "a guest would enable hints that the device does not send",
              from: .pcie("7.9.13.2")),
            BitRule(
              0x07ff_0706, "steering tags",
              from: .linux("drivers/pci/tph.c: a tag names a processor of the host")),
          ], from: .pcie("7.9.13.2")),
        RegisterPolicy(
          "control", at: 8, bytes: 4,
          [
            BitRule(
              0x0000_0307, "mode and enable", .emulated,
              from: .vfio("no writable bits for TPH: the enable is the host's"))
          ], from: .pcie("7.9.13.3")),
      ]
    })

  static let deviceSerialNumber = CapabilityPolicy(
    "serial", .deviceSerialNumber,
    purpose: "a guest may know the function by it",
    presence: .synthetic("the number is the profile's"),
    settings: [
      CapabilitySetting("low", "low", .max, .number(0...UInt32.max)),
      CapabilitySetting("high", "high", .max, .number(0...UInt32.max)),
    ],
    byteCount: { _ in 12 },
    registers: { _ in
      [
        RegisterPolicy("low", at: 4, bytes: 4, from: .pcie("7.9.3.2")),
        RegisterPolicy("high", at: 8, bytes: 4, from: .pcie("7.9.3.2")),
      ]
    })
}
