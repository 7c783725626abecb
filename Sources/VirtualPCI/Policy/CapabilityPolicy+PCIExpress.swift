import PCIConfig

extension CapabilityPolicy {
  static let pciExpress = CapabilityPolicy(
    "express", .pciExpress, version: 2, versionBits: ("capabilities", 0xf),
    purpose: "without it a guest sees a conventional function and no extended capabilities",
    settings: [
      CapabilitySetting(
        "type", "capabilities", 0x00f0,
        .choice([("endpoint", 0), ("legacy-endpoint", 1), ("root-complex-endpoint", 9)])),
      CapabilitySetting(
        "max-payload", "device-capabilities", 0x0000_0007,
        .choice(
          [("128", 0), ("256", 1), ("512", 2), ("1024", 3), ("2048", 4), ("4096", 5)])),
      CapabilitySetting("flr", "device-capabilities", 0x1000_0000, .flag),
      CapabilitySetting(
        "link-speed", "link-capabilities", 0x0000_000f,
        .choice(
          [("2.5GT", 1), ("5GT", 2), ("8GT", 3), ("16GT", 4), ("32GT", 5), ("64GT", 6)])),
      CapabilitySetting("link-width", "link-capabilities", 0x0000_03f0, .number(1...32)),
    ],
    byteCount: { $0.version < 2 ? 0x14 : 0x3c },
    registers: { content in
      let link = linkRegisters(content)
      return content.version < 2
        ? deviceRegisters + link.first
        : deviceRegisters + link.first + second(content) + link.second
    })

  private static let control = Citation.vfio(
    "init_pci_cap_exp_perm: a guest's writes reach the device")

  private static let deviceRegisters = [
    RegisterPolicy("capabilities", at: 0x02, bytes: 2, reset: 0x0002, from: .pcie("7.5.3.2")),
    RegisterPolicy(
      "device-capabilities", at: 0x04, bytes: 4, reset: 0x1000_8000,
      [
        BitRule(
          0x0000_0007, "max payload size supported", .constant, .least,
          consequence: "a guest would allow packets that the device cannot take",
          from: .pcie("7.5.3.3")),
        BitRule(
          0x0000_0020, "extended tag field supported", .constant, .common,
          consequence: "a guest would enable tags that the device does not have",
          from: .pcie("7.5.3.3")),
        BitRule(
          0x0000_0fc0, "acceptable L0s and L1 latency", .constant, .leastShown,
          from: .pcie("7.5.3.3")),
        BitRule(
          0x0000_8000, "role-based error reporting", .constant, .commonShown,
          from: .pcie("7.5.3.3: set in every function since 1.1")),
        BitRule(
          0x03fc_0000, "captured slot power limit",
          from: .pcie("7.5.3.3: the slot's, not the function's")),
        BitRule(
          0x1000_0000, "function-level reset capability", .constant, .common,
          consequence: "a guest's reset would have no effect", from: .pcie("7.5.3.3")),
      ], from: .pcie("7.5.3.3")),
    RegisterPolicy(
      "device-control", at: 0x08, bytes: 2, reset: 0x2810,
      [
        BitRule(
          0x000f, "error reporting enables", .forwarded, effect: .expressControl, from: control),
        BitRule(
          0x0010, "enable relaxed ordering", .forwarded, effect: .expressControl, from: control),
        BitRule(
          0x00e0, "max payload size", .emulated,
          from: .vfio("vfio_exp_config_write: virtualised, a system-wide decision")),
        BitRule(
          0x0100, "extended tag field enable", .forwarded, effect: .expressControl, from: control),
        BitRule(
          0x0200, "phantom functions enable",
          from: .vfio("init_pci_cap_exp_perm: not writable, it could confuse the IOMMU")),
        BitRule(0x0400, "aux power PM enable", .emulated, from: .pcie("7.5.3.4")),
        BitRule(0x0800, "enable no snoop", .forwarded, effect: .expressControl, from: control),
        BitRule(
          0x7000, "max read request size", .forwarded, effect: .expressControl,
          from: .vfio("vfio_exp_config_write: virtualised, and passed on with a floor")),
        BitRule(
          0x8000, "initiate function-level reset", .trigger, effect: .functionReset,
          from: .vfio("vfio_exp_config_write: trapped, the kernel resets the function")),
      ], from: .pcie("7.5.3.4")),
    RegisterPolicy(
      "device-status", at: 0x0a, bytes: 2,
      [
        BitRule(
          0x000f, "errors detected", .clearable,
          from: .vfio("init_pci_cap_exp_perm: a guest cannot clear the device's, so they stay 0")),
        BitRule(
          0x0020, "transactions pending", .deviceReadOnly,
          from: .vfio("init_pci_cap_exp_perm: read from the device; drivers wait for it")),
      ], from: .pcie("7.5.3.5")),
  ]

  /// The virtual link is the VMM's: constant, no power management, no port number.
  private static func linkRegisters(
    _ content: CapabilityContent
  ) -> (first: [RegisterPolicy], second: [RegisterPolicy]) {
    let hasLink = (content.values["capabilities"] ?? 0).field(0xf0) != 9
    let qemu = Citation.qemu(
      "hw/pci/pci.c, get_pci_config_device compares link registers byte by byte, so they are fixed")
    let capabilities = content.values["link-capabilities"] ?? (hasLink ? 0x11 : 0)
    let speed = capabilities & 0xf
    let speeds: UInt32 = speed == 0 ? 0 : ((1 << min(speed, 7)) - 1) << 1
    let first = [
      RegisterPolicy(
        "link-capabilities", at: 0x0c, bytes: 4, reset: hasLink ? 0x11 : 0,
        [
          BitRule(0x0000_000f, "max link speed", .constant, .leastShown, from: qemu),
          BitRule(0x0000_03f0, "maximum link width", .constant, .leastShown, from: qemu),
        ], from: qemu),
      RegisterPolicy(
        "link-control", at: 0x10, bytes: 2,
        [
          BitRule(
            hasLink ? 0x02cb : 0, "link control", .emulated,
            from: .vfio("init_pci_cap_exp_perm: not writable, the link is the host's"))
        ], from: .pcie("7.5.3.7")),
      RegisterPolicy(
        "link-status", at: 0x12, bytes: 2, reset: hasLink ? 0x1000 | (capabilities & 0x3ff) : 0,
        from: qemu),
    ]
    let second = [
      RegisterPolicy("link-capabilities-2", at: 0x2c, bytes: 4, reset: speeds, from: qemu),
      RegisterPolicy(
        "link-control-2", at: 0x30, bytes: 2, reset: speed, from: .pcie("7.5.3.19")),
      RegisterPolicy("link-status-2", at: 0x32, bytes: 2, from: qemu),
    ]
    return (first, second)
  }

  private static func second(_ content: CapabilityContent) -> [RegisterPolicy] {
    // One end-to-end prefix, and the longer Fmt field that tells packets with prefixes.
    let shown: UInt32 = content.hasFirstDefaults ? 0x0060_0000 : 0x0070_0000
    let prefixes = content.hasPASID ? shown : 0
    return [
      RegisterPolicy(
        "device-capabilities-2", at: 0x24, bytes: 4, reset: prefixes,
        [
          BitRule(
            0x0000_001f, "completion timeout ranges and disable", .constant, .common,
            consequence: "a guest would choose a timeout that the device does not have",
            from: .pcie("7.5.3.15")),
          BitRule(
            0x0000_0380, "atomic operations completer", .constant, .common,
            consequence: "peers would send atomic operations that the device does not take",
            from: .pcie("7.5.3.15")),
          BitRule(
            0x0000_0800, "latency tolerance reporting", .constant, .commonShown,
            from: .pcie("7.5.3.15")),
          BitRule(
            0x0000_3000, "TPH completer", .constant, .least,
            consequence: "peers would send hints that the device does not take",
            from: .pcie("7.5.3.15")),
          BitRule(
            0x0003_0000, "10-bit tags", .constant, .common,
            consequence: "a guest would enable tags that the device does not have",
            from: .pcie("7.5.3.15")),
          BitRule(
            0x00f0_0000, "end-to-end TLP prefixes",
            from: .linux("drivers/pci/ats.c, pci_enable_pasid: PASID needs a prefix; set with it")),
        ], from: .pcie("7.5.3.15")),
      RegisterPolicy(
        "device-control-2", at: 0x28, bytes: 2,
        [
          BitRule(0x175f, "device control 2", .forwarded, effect: .expressControl, from: control),
          BitRule(
            0x0020, "ARI forwarding enable",
            from: .vfio("init_pci_cap_exp_perm: not writable, set by the host")),
        ], from: .pcie("7.5.3.16")),
    ]
  }
}
