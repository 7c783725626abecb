extension CapabilityTable {
  /// PCIe 7.8.5: a list of entries, each of which says how many more words of four bytes it has.
  static let enhancedAllocation = CapabilityTable(
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

  /// An entry: what it allocates, then base and limit, each with a flag for its upper half, which follow in this order.
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
}
