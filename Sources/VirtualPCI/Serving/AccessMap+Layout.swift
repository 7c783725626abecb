import ByteIO
import PCIConfig

extension AccessMap {
  /// The map of `layout`; with the places of its registers on `host`, if one is given.
  public init(_ layout: ProfileLayout, on host: HostFunction? = nil) {
    let places = host.map { PhysicalOffsets(of: layout, on: $0) }
    profile = layout.profile.name
    digest = layout.digest
    byteCount = layout.byteCount
    ranges = AccessMapBuilder(layout, places).ranges
    bars = layout.profile.bars.map {
      BAR(
        index: $0.index, kind: $0.kind, prefetchable: $0.isPrefetchable, size: $0.size,
        assumed: $0.isAssumed)
    }
    msix = layout.first(.msix).map { MSIX($0, on: host) }
  }
}

extension AccessMap.MSIX {
  init(_ capability: PlacedCapability, on host: HostFunction?) {
    vectors = Int(capability.value("control") & 0x7ff) + 1
    table = Place(capability.value("table"))
    pba = Place(capability.value("pba"))
    physicalTable = host?.msix.map { Place($0.table) }
    physicalPBA = host?.msix.map { Place($0.pba) }
    relocate = physicalTable.map { [table, pba] in
      $0 != table || host?.msix.map { Place($0.pba) } != pba
    }
  }
}

extension AccessMap.MSIX.Place {
  /// The place in a register of the capability: the BAR in bits 0 to 2, the offset in the others.
  init(_ value: UInt32) {
    bar = Int(value & 7)
    offset = UInt64(value & ~7)
  }
}

/// Cuts a layout into ranges.
private struct AccessMapBuilder {
  private(set) var ranges: [AccessMap.Range] = []
  private let layout: ProfileLayout
  private let places: PhysicalOffsets?
  /// Which register a byte belongs to; -1 for none.
  private var registers: [Int]
  private var owners: [PlacedRegister.Owner]

  init(_ layout: ProfileLayout, _ places: PhysicalOffsets?) {
    self.layout = layout
    self.places = places
    let count = layout.byteCount
    registers = Array(repeating: -1, count: count)
    owners = Array(repeating: .free, count: count)
    for byte in 0..<min(0x40, count) { owners[byte] = .header }
    for (index, capability) in layout.capabilities.enumerated() {
      for byte in capability.range where byte < count { owners[byte] = .capability(index) }
    }
    for (index, register) in layout.registers.enumerated() {
      for byte in register.range where byte < count {
        registers[byte] = index
        owners[byte] = register.owner
      }
    }
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, belongs(end, to: start) { end += 1 }
      add(start..<end)
      start = end
    }
  }

  private func kind(_ byte: Int) -> AccessMap.Kind {
    let image = layout.image
    if image.device[byte] != 0 { return .physical }
    return image.writable[byte] | image.clearable[byte] | image.trigger[byte] != 0
      ? .emulated : .constant
  }

  /// Whether the byte continues the range that begins at `start`.
  private func belongs(_ byte: Int, to start: Int) -> Bool {
    let kind = kind(start)
    guard self.kind(byte) == kind, owners[byte] == owners[start] else { return false }
    if kind == .constant { return true }
    guard registers[byte] == registers[start] else { return false }
    let image = layout.image
    let (first, this) = (image.anchorIndex[start], image.anchorIndex[byte])
    guard first >= 0, this >= 0 else { return first == this }
    return image.anchors[Int(this)] == image.anchors[Int(first)].advanced(by: byte - start)
  }

  private mutating func add(_ range: Range<Int>) {
    let register = registers[range.lowerBound]
    let image = layout.image
    let kind = kind(range.lowerBound)
    var physical: AccessMap.Physical?
    let anchor = image.anchorIndex[range.lowerBound]
    if anchor >= 0 {
      let passed = range.map { image.forwarded[$0] | image.deviceWritable[$0] }
      let offset = places.map { Int($0.offsets[range.lowerBound]) }
      physical = AccessMap.Physical(
        register: image.anchors[Int(anchor)].description,
        offset: offset.flatMap { $0 < 0 ? nil : $0 }, mask: Self.text(image.device[range]),
        write: Self.text(passed[...]))
    }
    ranges.append(
      AccessMap.Range(
        offset: range.lowerBound, length: range.count, kind: kind,
        owner: layout.label(owners[range.lowerBound]),
        name: kind == .constant || register < 0 ? nil : layout.registers[register].name,
        reset: Self.text(image.reset[range]), write: Self.mask(image.writable[range]),
        clear: Self.mask(image.clearable[range]), trigger: Self.mask(image.trigger[range]),
        physical: physical))
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { hex($0, digits: 2) }.joined()
  }

  private static func mask(_ bytes: ArraySlice<UInt8>) -> String? {
    bytes.contains { $0 != 0 } ? text(bytes) : nil
  }
}
