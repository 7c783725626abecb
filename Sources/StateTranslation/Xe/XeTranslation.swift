import ByteIO
import StateLayout

/// xe between virtual functions of the same GPU: cuts local memory into packets of another size,
/// and leaves out packets that no driver knows.
///
/// The firmware's state is opaque; the order of each GT's packets stays.
struct XeTranslation: Translation {
  var source: String { "xe" }
  var target: String { "xe" }
  var summary: String {
    "local memory is cut anew where a size is wanted, unknown packets are left out; GPU, stepping, GTs "
      + "and the sizes of memory must be the target's"
  }
  var facts: [String] {
    [
      "pci.device", "pci.revision", "xe.ggtt-bytes", "xe.vram-bytes", "xe.gt-count",
      "xe.chunk-bytes",
    ]
  }

  private enum Kind {
    static let descriptor: Int128 = 1
    static let translationTable: Int128 = 3
    static let memory: Int128 = 6
    static let known: ClosedRange<Int128> = 1...6
    /// The packets that belong to a GT.
    static let graphics: ClosedRange<Int128> = 3...6
  }

  private static let chunkRule = TranslationRule(
    "a packet of local memory says where its bytes belong, so they may be cut anywhere",
    source: "drivers/gpu/drm/xe/xe_gt_sriov_pf_migration.c", isRequired: false)
  private static let unknownRule = TranslationRule(
    "the driver passes over packets of types that it does not know",
    source: "drivers/gpu/drm/xe/xe_sriov_packet.c", isRequired: false)

  func translate(
    _ tree: LayoutTree, to layout: Layout, _ run: inout TranslationRun
  ) throws(LayoutError) -> LayoutTree {
    guard case .list(let packets)? = tree["packets"]?.content, packets.elidedCount == 0 else {
      run.refuseMany("packets", found: "more packets than are kept", needed: "at most 4096")
      return tree
    }
    for (index, packet) in packets.first.enumerated() { check(packet, "packets[\(index)]", &run) }
    checkGraphics(of: packets.first, &run)
    checkSizes(of: packets.first, &run)
    checkNumber(of: packets.first, &run)
    guard run.report.isAccepted else { return tree }
    var cutter = MemoryCutter(size: run.target.xe?.chunkByteCount)
    var dropped = 0
    for packet in packets.first {
      guard let kind = packet["header.packet_type"]?.integer, Kind.known.contains(kind) else {
        dropped += 1
        continue
      }
      if kind == Kind.memory { cutter.append(memory: packet) } else { cutter.append(packet) }
    }
    if dropped > 0 {
      run.rewrite("packets", from: "\(dropped) of unknown types", to: "none", Self.unknownRule)
    }
    let result = cutter.finish()
    if result.memoryCount != cutter.memoryCount {
      run.rewrite(
        "packets", from: "local memory in \(cutter.memoryCount) packets",
        to: "\(result.memoryCount) packets", Self.chunkRule)
    }
    var tree = tree
    try tree.root.update("packets") { (node) throws(LayoutError) in
      node.content = .list(LayoutNode.Items(result.packets))
    }
    return tree
  }

  // MARK: Facts

  /// Adds what the state tells of its device.
  func read(_ tree: LayoutTree, _ facts: inout DeviceFacts) {
    guard case .list(let packets)? = tree["packets"]?.content, packets.elidedCount == 0 else {
      return
    }
    var pci = DeviceFacts.PCI()
    var tables: [Int: UInt64] = [:]
    var memory: [Int: UInt64] = [:]
    var graphics: Set<Int128> = []
    for packet in packets.first {
      let size = UInt64(clamping: packet["header.size"]?.integer ?? 0)
      let kind = packet["header.packet_type"]?.integer
      if let kind, Kind.graphics.contains(kind), let number = packet["header.gt_id"]?.integer {
        graphics.insert(number)
      }
      switch kind {
      case Kind.descriptor:
        for value in packet["payload.values"]?.items ?? [] {
          guard let word = value["words[0]"]?.integer else { continue }
          if value["key"]?.integer == 0xf001 { pci.deviceID = UInt16(exactly: word) }
          if value["key"]?.integer == 0xf002 { pci.revisionID = UInt8(exactly: word) }
        }
      case Kind.translationTable: tables[Self.tile(of: packet)] = size
      case Kind.memory: memory[Self.tile(of: packet), default: 0] += size
      default: break
      }
    }
    facts.pci = pci
    facts.xe = DeviceFacts.Xe()
    facts.xe?.graphicsCount = graphics.count
    facts.xe?.ggttByteCounts = Self.byTile(tables)
    facts.xe?.vramByteCounts = Self.byTile(memory)
  }

  /// The sizes by tile; one that has none has nothing. A state has 256 tiles at most.
  private static func byTile(_ sizes: [Int: UInt64]) -> [UInt64] {
    (0..<min(256, (sizes.keys.max() ?? -1) + 1)).map { sizes[$0] ?? 0 }
  }

  // MARK: Checks

  private func check(_ packet: LayoutNode, _ field: String, _ run: inout TranslationRun) {
    switch packet["header.packet_type"]?.integer {
    case Kind.descriptor:
      for value in packet["payload.values"]?.items ?? [] {
        let word = value["words[0]"]?.integer
        switch value["key"]?.integer {
        case 0xf001:
          run.match("devid", word, "pci.device", run.target.pci?.deviceID, isHexadecimal: true)
        case 0xf002:
          run.match("revid", word, "pci.revision", run.target.pci?.revisionID, isHexadecimal: true)
        default: break
        }
      }
    case Kind.translationTable:
      guard
        let counts = run.known(
          run.target.xe?.ggttByteCounts, "xe.ggtt-bytes", for: "translation tables")
      else { return }
      run.match(
        "\(field).header.size", packet["header.size"]?.integer, "xe.ggtt-bytes",
        counts.ofTile(Self.tile(of: packet)))
    default: break
    }
  }

  /// Checks that the target has every tile and GT in the packets, and that none of its GTs is
  /// missing; the driver checks only the former.
  private func checkGraphics(of packets: [LayoutNode], _ run: inout TranslationRun) {
    let places = packets.enumerated().compactMap { index, packet -> (field: String, Int, Int)? in
      guard let kind = packet["header.packet_type"]?.integer, Kind.graphics.contains(kind) else {
        return nil
      }
      let graphics = Int(clamping: packet["header.gt_id"]?.integer ?? 0)
      return ("packets[\(index)].header", Self.tile(of: packet), graphics)
    }
    if let count = run.target.xe?.ggttByteCounts?.count {
      for (field, tile, _) in places where tile >= count {
        run.refuse(
          "\(field).tile_id", found: "\(tile)",
          needed: "one of the target's tiles, of which xe.ggtt-bytes has \(count)")
      }
    }
    guard let count = run.known(run.target.xe?.graphicsCount, "xe.gt-count", for: "GTs") else {
      return
    }
    for (field, _, graphics) in places where graphics >= count {
      run.refuse(
        "\(field).gt_id", found: "\(graphics)", needed: "below \(count), the target's xe.gt-count")
    }
    for graphics in Set(0..<count).subtracting(places.map(\.2)).sorted() {
      run.refuse(
        "gt[\(graphics)]", found: "no packets",
        needed: "the state of all \(count) GTs, the target's xe.gt-count")
    }
  }

  /// Checks that the packets fill each of the target's tiles: all of its memory and its table, and
  /// no more.
  ///
  /// The driver of a larger function takes less, and leaves the rest as it was.
  private func checkSizes(of packets: [LayoutNode], _ run: inout TranslationRun) {
    var memory: [Int: (byteCount: Int128, end: Int128)] = [:]
    var tables: Set<Int> = []
    for packet in packets {
      let tile = Self.tile(of: packet)
      switch packet["header.packet_type"]?.integer {
      case Kind.translationTable: tables.insert(tile)
      case Kind.memory:
        let size = packet["header.size"]?.integer ?? 0
        let end = (packet["header.offset"]?.integer ?? 0) + size
        let (byteCount, last) = memory[tile] ?? (0, 0)
        memory[tile] = (byteCount + size, max(last, end))
      default: break
      }
    }
    if let counts = run.known(
      run.target.xe?.vramByteCounts, "xe.vram-bytes", for: "local memory")
    {
      for tile in Set(counts.indices).union(memory.keys).sorted() {
        let (byteCount, end) = memory[tile] ?? (0, 0)
        let wanted = Int128(counts.ofTile(tile))
        guard byteCount != wanted || end != wanted else { continue }
        run.refuse(
          "vram[\(tile)]", found: "\(byteCount) bytes up to byte \(end)",
          needed: "\(wanted), the target's xe.vram-bytes")
      }
    }
    if let counts = run.known(
      run.target.xe?.ggttByteCounts, "xe.ggtt-bytes", for: "translation tables")
    {
      for (tile, count) in counts.enumerated() where count > 0 && !tables.contains(tile) {
        run.refuse(
          "ggtt[\(tile)]", found: "no translation table",
          needed: "\(count) bytes, the target's xe.ggtt-bytes")
      }
    }
  }

  // A packet is held in memory, if not its content.
  private static let packetLimit: UInt64 = 1 << 16

  private func checkNumber(of packets: [LayoutNode], _ run: inout TranslationRun) {
    guard let size = run.target.xe?.chunkByteCount else { return }
    let bytes = packets.reduce(0 as UInt64) { sum, packet in
      guard packet["header.packet_type"]?.integer == Kind.memory else { return sum }
      return sum &+ (packet["payload"]?.payload?.byteCount ?? 0)
    }
    guard bytes / max(1, size) > Self.packetLimit else { return }
    run.refuse(
      "xe.chunk-bytes", found: "\(size)",
      needed: "a size that takes at most \(Self.packetLimit) packets for \(bytes) bytes")
  }

  private static func tile(of packet: LayoutNode) -> Int {
    Int(clamping: packet["header.tile_id"]?.integer ?? 0)
  }
}

extension [UInt64] {
  /// The bytes on a tile; none on one that there is not.
  fileprivate func ofTile(_ tile: Int) -> UInt64 { indices.contains(tile) ? self[tile] : 0 }
}

/// Packets whose local memory is cut into pieces of one size, without a byte of it being read.
private struct MemoryCutter {
  /// The most bytes of a packet; nil if packets stay as they are.
  let size: UInt64?
  /// The packets of local memory that were given.
  private(set) var memoryCount = 0
  private var result: [LayoutNode] = []
  private var resultMemoryCount = 0
  /// The memory of a GT that was given and not put into packets yet.
  private var open: [Place: Run] = [:]

  private struct Place: Hashable {
    let tile: Int128
    let graphics: Int128
  }

  private struct Run {
    let header: LayoutNode
    let offset: UInt64
    var bytes: Payload
  }

  private static let trailer: Int128 = 2

  init(size: UInt64?) { self.size = size }

  mutating func append(_ packet: LayoutNode) {
    if packet["header.packet_type"]?.integer == Self.trailer {
      closeAll()
    } else {
      close(place(of: packet))
    }
    result.append(packet)
  }

  mutating func append(memory packet: LayoutNode) {
    memoryCount += 1
    guard let size, let header = packet["header"], let bytes = packet["payload"]?.payload,
      let offset = header["offset"]?.integer.flatMap({ UInt64(exactly: $0) })
    else {
      resultMemoryCount += 1
      result.append(packet)
      return
    }
    let place = place(of: packet)
    if let run = open[place], run.offset &+ run.bytes.byteCount == offset {
      open[place]?.bytes.append(bytes)
    } else {
      close(place)
      open[place] = Run(header: header, offset: offset, bytes: bytes)
    }
    guard let run = open[place], run.bytes.byteCount >= size else { return }
    let whole = run.bytes.byteCount / size * size
    emit(run, 0..<whole)
    open[place] =
      whole == run.bytes.byteCount
      ? nil
      : Run(
        header: run.header, offset: run.offset + whole,
        bytes: run.bytes.slice(whole..<run.bytes.byteCount))
  }

  /// All packets, and how many of them have local memory.
  mutating func finish() -> (packets: [LayoutNode], memoryCount: Int) {
    closeAll()
    return (result, resultMemoryCount)
  }

  private mutating func closeAll() {
    for place in open.keys.sorted(by: { ($0.tile, $0.graphics) < ($1.tile, $1.graphics) }) {
      close(place)
    }
  }

  private mutating func close(_ place: Place) {
    guard let run = open.removeValue(forKey: place) else { return }
    emit(run, 0..<run.bytes.byteCount)
  }

  private mutating func emit(_ run: Run, _ range: Range<UInt64>) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(range.upperBound, start + (size ?? range.upperBound))
      var header = run.header
      // Both fields were read from the header that this is a copy of.
      try? header.set("offset", to: run.offset + start)
      try? header.set("size", to: end - start)
      result.append(
        LayoutNode(
          "packet", fields: [header, LayoutNode("payload", .bytes(run.bytes.slice(start..<end)))]))
      resultMemoryCount += 1
      start = end
    }
  }

  private func place(of packet: LayoutNode) -> Place {
    Place(
      tile: packet["header.tile_id"]?.integer ?? 0, graphics: packet["header.gt_id"]?.integer ?? 0)
  }
}
