extension CapabilityTable {
  /// PCIe 7.5.3. A version 1 structure ends behind the registers that its port type has, a version 2 structure has room
  /// for all of them.
  static let pciExpress = CapabilityTable(
    .pciExpress, "PCI Express",
    length: expressLength,
    version: { $0.bits(0...3, at: 2) },
    detail: { view in
      expressPortTypes[UInt64(view.bits(4...7, at: 2))] ?? "unknown type"
    },
    registers: [
      Register(
        "PCIECap", at: 2, bytes: 2,
        [
          .number("Version", 0...3),
          .choice("Type", 4...7, expressPortTypes),
          .flag("Slot", 8),
          .number("IntMsgNum", 9...13),
          .flag("FlitMode", 15),
        ])
    ] + expressDevice + expressLink + expressSlot + expressRoot)

  /// Device/Port types (PCIe 7.5.3.2).
  static let expressPortTypes: [UInt64: String] = [
    0: "Endpoint", 1: "Legacy Endpoint", 4: "Root Port", 5: "Upstream Port",
    6: "Downstream Port", 7: "PCI-Express to PCI/PCI-X Bridge",
    8: "PCI/PCI-X to PCI-Express Bridge", 9: "Root Complex Integrated Endpoint",
    10: "Root Complex Event Collector",
  ]

  @Sendable private static func expressLength(_ view: CapabilityView) -> Int? {
    guard view.bits(0...3, at: 2) < 2 else { return 0x3c }
    // Version 1 (PCIe 1.1, 7.8): as vfio-pci measures it for endpoints, and the last register for ports.
    return switch view.bits(4...7, at: 2) {
    case 9: 0x0c
    case 4, 10: 0x24
    case _ where expressHasSlot(view): 0x1c
    default: 0x14
    }
  }

  @Sendable static func expressIsVersion2(_ view: CapabilityView) -> Bool {
    view.bits(0...3, at: 2) >= 2
  }

  /// Integrated endpoints and event collectors have no link.
  @Sendable static func expressHasLink(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return type != 9 && type != 10
  }

  /// Root and downstream ports may have a slot, and say so.
  @Sendable static func expressHasSlot(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return (type == 4 || type == 6) && view.isSet(8, at: 2)
  }

  @Sendable static func expressIsRoot(_ view: CapabilityView) -> Bool {
    let type = view.bits(4...7, at: 2)
    return type == 4 || type == 10
  }
}
