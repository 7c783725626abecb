extension CapabilityTable {
  /// PCIe 7.8.6.
  static let resizableBAR = resizable(.resizableBAR, "Physical Resizable BAR")
  /// PCIe 7.8.7: the same for the BARs of virtual functions.
  static let vfResizableBAR = resizable(.vfResizableBAR, "Virtual Resizable BAR")

  private static func resizable(_ id: CapabilityID, _ name: String) -> CapabilityTable {
    CapabilityTable(
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
}
