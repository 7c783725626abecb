package import StateLayout

/// What a state says of a guest, by what a device finds it by: what a device holds for itself is
/// left out, such as its capabilities, and how a state is cut.
package struct StateContent {
  package private(set) var parts: [String: [UInt8]] = [:]
  /// What only firmware understands, and may refuse for reasons of its own.
  package private(set) var opaque: [UInt8] = []

  private let state: [UInt8]

  package init(_ state: [UInt8], of layout: Layout) {
    self.state = state
    let tree = layout.dissect(state)
    switch layout.name {
    case "virtio": addParts(of: tree)
    case "qat": addSections(of: tree)
    case "igb": addRegisters(of: tree)
    case "xe": addPackets(of: tree)
    case "mlx5": addImages(of: tree)
    case "mlx5-raw", "pds": (parts, opaque) = (["": state], state)
    case "nvme-tp4159", "nvme-linux-rfc":
      parts[""] = state
      opaque = bytes(tree["vendor_specific"])
    // Where its queues begin among the physical function's is the host's.
    case "hisi_acc-v1", "hisi_acc-v2": parts[""] = Array(state[..<20] + state[24...])
    default: parts[""] = state
    }
  }

  /// The parts that `other` has not, or has with another content.
  package func differences(from other: StateContent) -> [String] {
    parts.filter { other.parts[$0.key] != $0.value }.keys.sorted()
  }

  private func bytes(_ node: LayoutNode?) -> [UInt8] {
    node?.range.map { Array(state[Int($0.lowerBound)..<Int($0.upperBound)]) } ?? []
  }

  /// The device's features are its own; an unknown part is passed over.
  private mutating func addParts(of tree: LayoutTree) {
    for part in tree["records"]?.items.last?["payload.parts"]?.items ?? [] {
      let head = bytes(part).prefix(16)
      guard let type = part["part_type"]?.integer, (0x101...0x105).contains(type) || type == 0x200
      else { continue }
      parts["\(type) \(head[4..<12])"] = Array(bytes(part).dropFirst(16))
    }
  }

  /// Which interrupts wait (visrc and vispv, iaintflagreg and iaintflagsrcsel1 of a bank) is saved
  /// and not restored; agreements and capabilities are the device's own.
  private mutating func addSections(of tree: LayoutTree) {
    func sections(_ node: LayoutNode?) -> [(id: String, node: LayoutNode)] {
      (node?["sections"]?.items ?? []).map { ($0["id"]?.text ?? "", $0) }
    }
    for (id, outer) in sections(tree["state.body"]) {
      for (inner, section) in sections(outer["children"]) {
        switch inner {
        case "iovinit", "compver", "vimsk", "vimpv", "pf2vm", "vm2pf":
          parts["\(id).\(inner)"] = bytes(section["value"])
        case "bnk0", "bnk1", "bnk2", "bnk3":
          for (name, registers) in sections(section["children"]) where name == "mregs" {
            for field in registers["value"]?.fields ?? [] {
              guard field.name != "iaintflagreg" else { continue }
              parts["\(id).\(inner).\(field.name)"] = bytes(
                field.name == "iaintflagsrcsel" ? field.items.first : field)
            }
          }
        default: break
        }
      }
    }
  }

  /// Registers lie at other places for each function, in one order; the pool of an address is its
  /// function's.
  private mutating func addRegisters(of tree: LayoutTree) {
    let count = Int(clamping: tree.integer("num_regs") ?? 0)
    let registers = (tree["regs"]?.items ?? []).prefix(count).sorted {
      ($0["offset"]?.integer ?? 0) < ($1["offset"]?.integer ?? 0)
    }
    for (index, register) in registers.enumerated() {
      parts["register \(index)"] = bytes(register["value"])
    }
    let function = tree.integer("vfn") ?? 0
    for address in (tree["ra"]?.items ?? []).prefix(Int(clamping: tree.integer("num_ra") ?? 0)) {
      guard let offset = address["offset"]?.integer, var value = address["value"]?.integer else {
        continue
      }
      if offset & 1 == 1 { value &= ~(0x4_0000 << function) }
      parts["address \(offset)"] = [UInt8]("\(value)".utf8)
    }
    for field in ["tx_ctx", "vfre", "vfte"] { parts[field] = bytes(tree[field]) }
  }

  private mutating func addPackets(of tree: LayoutTree) {
    for packet in tree["packets"]?.items ?? [] {
      guard let kind = packet["header.packet_type"]?.integer, (3...6).contains(kind),
        let tile = packet["header.tile_id"]?.integer, let engine = packet["header.gt_id"]?.integer
      else { continue }
      var payload = bytes(packet["payload"])
      if kind == 3 {
        // Bits 2 to 11 of an entry are the number of the function, which is the host's.
        for place in stride(from: 0, to: payload.count - 7, by: 8) {
          payload[place] &= 0x03
          payload[place + 1] &= 0xf0
        }
      }
      parts["\(kind) \(tile).\(engine)", default: []] += payload
      if kind == 5 { opaque += bytes(packet["payload"]) }
    }
  }

  private mutating func addImages(of tree: LayoutTree) {
    for record in tree["records"]?.items ?? [] where record["tag"]?.integer == 0 {
      opaque += bytes(record["payload"])
    }
    parts["images"] = opaque
  }
}
