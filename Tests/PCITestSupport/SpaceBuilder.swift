package import PCIConfig
package import TestSupport

/// A configuration space under construction: an endpoint's header, and lists that tests fill or
/// spoil.
package struct SpaceBuilder {
  package var bytes: [UInt8]
  private var lastStandard: Int?
  private var lastExtended: Int?

  package init(byteCount: Int = 4096, vendor: UInt16 = 0x1234, device: UInt16 = 0x5678) {
    bytes = [UInt8](repeating: 0, count: byteCount)
    store16(vendor, at: 0)
    store16(device, at: 2)
  }

  package var space: ConfigSpace {
    get throws { try ConfigSpace(bytes) }
  }

  package mutating func store8(_ value: UInt8, at offset: Int) { bytes[offset] = value }

  package mutating func store16(_ value: UInt16, at offset: Int) {
    bytes[offset] = UInt8(truncatingIfNeeded: value)
    bytes[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
  }

  package mutating func store32(_ value: UInt32, at offset: Int) {
    store16(UInt16(truncatingIfNeeded: value), at: offset)
    store16(UInt16(truncatingIfNeeded: value >> 16), at: offset + 2)
  }

  /// Appends a standard capability to the list: id and what follows the two bytes of its header.
  package mutating func add(standard id: UInt8, at offset: Int, _ body: [UInt8] = []) {
    bytes[lastStandard.map { $0 + 1 } ?? 0x34] = UInt8(offset)
    bytes[0x06] |= 0x10
    bytes[offset] = id
    bytes[offset + 1] = 0
    bytes.replaceSubrange(offset + 2..<offset + 2 + body.count, with: body)
    lastStandard = offset
  }

  /// Appends an extended capability to the list; the first must lie at 0x100.
  package mutating func add(
    extended id: UInt16, version: UInt8 = 1, at offset: Int, _ body: [UInt8] = []
  ) {
    if let lastExtended {
      store16(UInt16(bytes[lastExtended + 2] & 0xf) | UInt16(offset) << 4, at: lastExtended + 2)
    }
    store32(UInt32(id) | UInt32(version) << 16, at: offset)
    bytes.replaceSubrange(offset + 4..<offset + 4 + body.count, with: body)
    lastExtended = offset
  }

  /// A PCI Express capability of version 2 with a link of `lanes`.
  package mutating func addExpress(at offset: Int = 0x40, type: UInt16 = 0, lanes: UInt32 = 4) {
    add(standard: 0x10, at: offset)
    store16(0x0002 | type << 4, at: offset + 2)
    store32(0x3 | lanes << 4, at: offset + 0x0c)
  }

  /// An endpoint with every capability that a table describes, in any order, and random bytes
  /// everywhere else.
  package static func everyCapability(using random: inout SplitMix64) -> SpaceBuilder {
    var builder = SpaceBuilder()
    builder.bytes = random.bytes(4096)
    builder.store16(0, at: 0x06)
    builder.store8(0, at: 0x0e)
    var offset = 0x40
    for table in CapabilityFormat.all.shuffled(using: &random) where !table.id.isExtended {
      builder.add(standard: UInt8(table.id.rawValue), at: offset)
      offset += 20
    }
    offset = 0x100
    for table in CapabilityFormat.all.shuffled(using: &random) where table.id.isExtended {
      builder.add(
        extended: table.id.rawValue, version: UInt8.random(in: 0...15, using: &random), at: offset)
      offset += 0x70
    }
    return builder
  }
}
