import PCIConfig

extension CapabilityPolicy {
  static let addressTranslation = CapabilityPolicy(
    "ats", .addressTranslationServices,
    purpose: "a guest with a virtual IOMMU lets the device translate addresses itself",
    settings: [
      CapabilitySetting("queue-depth", "capabilities", 0x001f, .number(1...32)),
      CapabilitySetting("page-aligned", "capabilities", 0x0020, .flag),
      CapabilitySetting("global-invalidate", "capabilities", 0x0040, .flag),
      CapabilitySetting("relaxed-ordering", "capabilities", 0x0080, .flag),
    ],
    byteCount: { _ in 8 },
    registers: { _ in
      let source = Citation.linux(
        "drivers/pci/ats.c: the enable is the host's, so a guest's is the VMM's")
      return [
        RegisterPolicy(
          "capabilities", at: 4, bytes: 2,
          [
            BitRule(
              0x001f, "invalidate queue depth", .constant, .least,
              consequence: "a guest would send more invalidations than the device can hold",
              zeroMeans: 32, from: .pcie("10.5.1.2: 0 counts as 32")),
            BitRule(
              0x0020, "page aligned request", .constant, .common,
              consequence: "a guest would rely on aligned requests that the device does not make",
              from: .pcie("10.5.1.2")),
            BitRule(
              0x0040, "global invalidate supported", .constant, .common,
              consequence: "the device would ignore a guest's global invalidations",
              from: .pcie("10.5.1.2")),
            BitRule(
              0x0080, "relaxed ordering supported", .constant, .common,
              consequence: "a guest would expect an ordering that the device does not use",
              from: .pcie("10.5.1.2")),
          ], from: .pcie("10.5.1.2")),
        RegisterPolicy(
          "control", at: 6, bytes: 2,
          [
            BitRule(
              0x801f, "smallest translation unit and enable", .emulated,
              effect: .addressTranslation, from: source)
          ], from: .pcie("10.5.1.3")),
      ]
    })

  static let pageRequest = CapabilityPolicy(
    "pri", .pageRequest,
    purpose: "a guest lets the device ask for pages that are not present",
    settings: [
      CapabilitySetting("capacity", "capacity", .max, .number(0...UInt32.max), isRequired: true),
      CapabilitySetting("pasid-required", "status", 0x8000, .flag),
    ],
    byteCount: { _ in 16 },
    registers: { _ in
      let source = Citation.linux(
        "drivers/pci/ats.c: the enable is the host's, so a guest's is the VMM's")
      return [
        RegisterPolicy(
          "control", at: 4, bytes: 2,
          [
            BitRule(0x0001, "enable", .emulated, effect: .addressTranslation, from: source),
            BitRule(0x0002, "reset", .trigger, effect: .addressTranslation, from: source),
          ], from: .pcie("10.5.2.2")),
        RegisterPolicy(
          "status", at: 6, bytes: 2, reset: 0x0100,
          [
            BitRule(
              0x0003, "response failure and unexpected group index", .clearable, from: source),
            BitRule(0x0100, "stopped", from: .pcie("10.5.2.3: set while disabled")),
            BitRule(
              0x8000, "PRG response PASID required", .constant, .common,
              consequence: "a guest would answer with a PASID that the device does not take",
              from: .pcie("10.5.2.3")),
          ], from: .pcie("10.5.2.3")),
        RegisterPolicy(
          "capacity", at: 8, bytes: 4,
          [
            BitRule(
              .max, "outstanding page request capacity", .constant, .least,
              consequence: "a guest would grant more requests than the device can keep",
              from: .pcie("10.5.2.4"))
          ], from: .pcie("10.5.2.4")),
        RegisterPolicy(
          "allocation", at: 12, bytes: 4,
          [
            BitRule(
              .max, "outstanding page request allocation", .emulated, effect: .addressTranslation,
              from: source)
          ], from: .pcie("10.5.2.5")),
      ]
    })

  static let pasid = CapabilityPolicy(
    "pasid", .pasid,
    purpose: "a guest with a virtual IOMMU gives the device address spaces of its processes",
    settings: [
      CapabilitySetting("width", "capabilities", 0x1f00, .number(1...20), isRequired: true),
      CapabilitySetting("execute", "capabilities", 0x0002, .flag),
      CapabilitySetting("privileged", "capabilities", 0x0004, .flag),
    ],
    byteCount: { _ in 8 },
    registers: { content in
      let source = Citation.qemu(
        "hw/pci/pcie.c, pcie_pasid_common_init: all of PASID is the VMM's")
      // A permission that is not offered cannot be enabled.
      let permissions = (content.values["capabilities"] ?? 0) & 0x6
      return [
        // Checked against what the IOMMU allows, by rules of its own.
        RegisterPolicy("capabilities", at: 4, bytes: 2, from: .pcie("7.8.9.2")),
        RegisterPolicy(
          "control", at: 6, bytes: 2,
          [
            BitRule(
              0x1 | permissions, "enables", .emulated, effect: .addressTranslation, from: source)
          ], from: .pcie("7.8.9.3")),
      ]
    })
}
