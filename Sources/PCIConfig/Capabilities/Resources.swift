import ByteIO

extension CapabilityFormat {
  /// PCIe 7.8.6.
  static let resizableBAR = resizable(.resizableBAR, "Physical Resizable BAR")
  /// PCIe 7.8.7: the same for the BARs of virtual functions.
  static let vfResizableBAR = resizable(.vfResizableBAR, "Virtual Resizable BAR")

  private static func resizable(_ id: CapabilityID, _ name: String) -> CapabilityFormat {
    CapabilityFormat(
      id, name,
      length: { 4 &+ 8 &* resizableCount($0) },
      variableRegisters: { view in
        (0..<resizableCount(view)).flatMap { entry in
          [
            Register(
              "ReBARCap\(entry)", at: 4 &+ 8 &* entry, bytes: 4,
              [.quantity("Sizes", 4...31) { sizes($0, from: 20) }]),
            Register(
              "ReBARCtl\(entry)", at: 8 &+ 8 &* entry, bytes: 4,
              [
                .number("BAR", 0...2), .number("Count", 5...7),
                .quantity("Size", 8...13) { size($0 + 20) },
                .quantity("MoreSizes", 16...31) { sizes($0, from: 48) },
              ]),
          ]
        }
      })
  }

  /// The first control register says how many entries follow; the others repeat it or leave it 0.
  private static func resizableCount(_ view: CapabilityView) -> Int {
    min(6, max(1, view.bits(5...7, at: 8)))
  }

  private static func size(_ shift: UInt64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
    let unit = Int(shift / 10)
    return unit < units.count ? "\(1 << (shift % 10))\(units[unit])" : "2^\(shift) bytes"
  }

  private static func sizes(_ vector: UInt64, from shift: UInt64) -> String {
    let sizes = (0..<28).filter { vector >> $0 & 1 != 0 }.map { size($0 + shift) }
    return sizes.isEmpty ? "none" : sizes.joined(separator: " ")
  }

  /// PCIe 7.8.5: a list of entries, each of which says how many more words of four bytes it has.
  static let enhancedAllocation = CapabilityFormat(
    .enhancedAllocation, "Enhanced Allocation (EA)",
    length: { view in allocationEntries(view).last.map { $0.start &+ $0.byteCount } ?? 4 },
    registers: [Register("NumEntries", at: 2, bytes: 1, [.number("NumEntries", 0...5)])],
    variableRegisters: { view in
      var registers: [Register] = []
      if view.space.headerType == 1 {
        registers.append(
          Register(
            "EABus", at: 4, bytes: 2,
            [.number("SecondaryBus", 0...7), .number("SubordinateBus", 8...15)]))
      }
      for (index, entry) in allocationEntries(view).enumerated() {
        registers += allocationRegisters(view, index, entry)
      }
      return registers
    })

  private struct AllocationEntry {
    let start: Int
    let byteCount: Int
  }

  private static func allocationEntries(_ view: CapabilityView) -> [AllocationEntry] {
    var start = view.space.headerType == 1 ? 8 : 4
    return (0..<view.bits(0...5, at: 2)).map { _ in
      let entry = AllocationEntry(start: start, byteCount: 4 &+ 4 &* view.bits(0...2, at: start))
      start &+= entry.byteCount
      return entry
    }
  }

  /// An entry: what it allocates, then base and limit, each with a flag for its upper half, which
  /// follow in this order.
  private static func allocationRegisters(
    _ view: CapabilityView, _ index: Int, _ entry: AllocationEntry
  ) -> [Register] {
    var registers = [
      Register("EAEntry\(index)", at: entry.start, bytes: 4, allocationFields)
    ]
    var names = ["Base", "MaxOffset"]
    if view.isSet(1, at: entry.start &+ 4) { names.append("BaseUpper") }
    if view.isSet(1, at: entry.start &+ 8) { names.append("MaxOffsetUpper") }
    for (word, name) in names.enumerated() where 4 &+ 4 &* word < entry.byteCount {
      registers.append(
        Register("EA\(name)\(index)", at: entry.start &+ 4 &+ 4 &* word, bytes: 4))
    }
    return registers
  }

  private static let allocationFields: [BitField] = [
    .number("EntrySize", 0...2),
    .choice(
      "BEI", 4...7,
      [
        0: "BAR 0", 1: "BAR 1", 2: "BAR 2", 3: "BAR 3", 4: "BAR 4", 5: "BAR 5",
        6: "behind bridge", 7: "not indicated", 8: "expansion ROM", 9: "VF BAR 0", 10: "VF BAR 1",
        11: "VF BAR 2", 12: "VF BAR 3", 13: "VF BAR 4", 14: "VF BAR 5",
      ]),
    .choice("PrimaryProperties", 8...15, allocationProperties),
    .choice("SecondaryProperties", 16...23, allocationProperties),
    .flag("Writable", 30),
    .flag("Enable", 31),
  ]

  private static let allocationProperties: [UInt64: String] = [
    0: "memory", 1: "prefetchable memory", 2: "I/O", 3: "prefetchable VF memory", 4: "VF memory",
    5: "memory behind bridge", 6: "prefetchable memory behind bridge", 7: "I/O behind bridge",
    0xfd: "memory, unavailable", 0xfe: "I/O, unavailable", 0xff: "unavailable",
  ]

  /// PCIe 9.3.3.
  static let singleRootIOV = CapabilityFormat(
    .singleRootIOV, "Single Root I/O Virtualization (SR-IOV)", length: 0x40,
    registers: [
      Register(
        "IOVCap", at: 0x04, bytes: 4,
        [
          .flag("Migration", 0), .flag("ARIHierarchy", 1), .flag("10BitTagReq", 2),
          .flag("14BitTagReq", 3), .number("IntMsgNum", 21...31),
        ]),
      Register(
        "IOVCtl", at: 0x08, bytes: 2,
        [
          .flag("Enable", 0), .flag("Migration", 1), .flag("Interrupt", 2), .flag("MSE", 3),
          .flag("ARIHierarchy", 4), .flag("10BitTagReq", 5), .flag("14BitTagReq", 6),
        ]),
      Register("IOVSta", at: 0x0a, bytes: 2, [.flag("Migration", 0)]),
      Register("InitialVFs", at: 0x0c, bytes: 2),
      Register("TotalVFs", at: 0x0e, bytes: 2),
      Register("NumVFs", at: 0x10, bytes: 2),
      Register("FunctionDependencyLink", at: 0x12, bytes: 1),
      Register("VFOffset", at: 0x14, bytes: 2),
      Register("VFStride", at: 0x16, bytes: 2),
      Register("VFDeviceID", at: 0x1a, bytes: 2),
      Register("SupportedPageSizes", at: 0x1c, bytes: 4),
      Register("SystemPageSize", at: 0x20, bytes: 4),
      Register("VFBAR0", at: 0x24, bytes: 4),
      Register("VFBAR1", at: 0x28, bytes: 4),
      Register("VFBAR2", at: 0x2c, bytes: 4),
      Register("VFBAR3", at: 0x30, bytes: 4),
      Register("VFBAR4", at: 0x34, bytes: 4),
      Register("VFBAR5", at: 0x38, bytes: 4),
      Register(
        "VFMigration", at: 0x3c, bytes: 4,
        [.number("BIR", 0...2), .quantity("Offset", 3...31) { "0x" + hex($0 << 3, digits: 8) }]),
    ])

  /// PCIe 7.8.8.
  static let alternativeRoutingID = CapabilityFormat(
    .alternativeRoutingID, "Alternative Routing-ID Interpretation (ARI)", length: 8,
    registers: [
      Register(
        "ARICap", at: 4, bytes: 2,
        [.flag("MFVC", 0), .flag("ACS", 1), .number("NextFunction", 8...15)]),
      Register(
        "ARICtl", at: 6, bytes: 2,
        [.flag("MFVC", 0), .flag("ACS", 1), .number("FunctionGroup", 4...6)]),
    ])
}
