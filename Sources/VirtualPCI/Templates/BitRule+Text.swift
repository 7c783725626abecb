import ByteIO
import PCIConfig

extension BitRule {
  /// The bits of a register's `value` as people count them: `33 vectors`, `256 bytes`, `yes`, `0x7`.
  func text(_ value: UInt32, of id: CapabilityID) -> String {
    let number = number(in: value)
    switch (id, name) {
    case (.msix, "table size"): return "\(number + 1) vectors"
    case (.msi, "multiple message capable"): return "\(1 << min(number, 5)) vectors"
    case (.pciExpress, "max payload size supported"): return "\(128 << min(number, 7)) bytes"
    default: break
    }
    if bits.nonzeroBitCount == 1 { return value & bits != 0 ? "yes" : "no" }
    switch agreement {
    case .least, .leastShown: return "\(number)"
    case .fixed, .common, .commonShown, .first: return "0x\(hex(value.field(bits)))"
    }
  }
}
