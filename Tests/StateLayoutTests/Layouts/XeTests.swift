import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct XeTests {
  private let name = "xe"

  @Test func everyPacketIsTakenApart() throws {
    let tree = try expectSound(XeState.sample.bytes, name)
    #expect(tree["packets"]?.items.count == 9)
    #expect(tree["packets[0].header.packet_type"]?.meaning == "descriptor")
    #expect(tree["packets[0].payload.values[0].key"]?.meaning == "devid")
    #expect(tree.integer("packets[0].payload.values[0].words[0]") == 0xe20b)
    #expect(tree.integer("packets[0].payload.values[1].words[0]") == 4)
    #expect(tree.integer("packets[2].header.gt_id") == 1)
    #expect(tree["packets[1].payload"]?.payload?.byteCount == 12)
    #expect(tree.integer("packets[3].payload.entries[1]") == 0x2003)
    #expect(tree.integer("packets[5].payload.sw_flags[3]") == 12)
    #expect(tree.integer("packets[7].header.offset") == 4096)
    #expect(tree["packets[7].payload"]?.payload?.byteCount == 100)
    #expect(tree["packets[8].header.packet_type"]?.meaning == "trailer")
  }

  @Test(arguments: seeds(40)) func randomStatesAreSound(seed: UInt64) throws {
    try expectSound(XeState.random(seed: seed).bytes, name)
  }

  @Test func everyCutIsFound() throws {
    try expectEveryCutFound(XeState.sample.bytes, name)
  }

  @Test func localMemoryCanBeCutAnew() throws {
    var tree = try expectSound(XeState.sample.bytes, name)
    let chunk = try #require(tree["packets[6].payload"]?.payload)
    try tree.set("packets[6].payload", to: chunk.slice(0..<4000))
    try tree.root.update("packets") { (node) throws(LayoutError) in
      guard case .list(var items) = node.content else { return }
      var more = items.first[6]
      try more.set("header.offset", to: 4000)
      try more.set("payload", to: chunk.slice(4000..<4096))
      items.first.insert(more, at: 7)
      node.content = .list(items)
    }
    var expected = XeState.sample
    expected.packets[6].payload.removeLast(96)
    expected.packets.insert(
      .init(type: 6, offset: 4000, payload: Array(repeating: 0xaa, count: 96)), at: 7)
    let bytes = try tree.encodedBytes()
    #expect(bytes == expected.bytes)
  }

  @Test func longMemoryIsPassedOver() throws {
    let start = XeState(packets: Array(XeState.sample.packets[..<6])).bytes
    let end = XeState(packets: [.init(type: 2)]).bytes
    let size: UInt64 = 512 << 20
    let header = XeState.Packet(type: 6, size: size).bytes
    let source = SparseState(head: start + header, hole: size, tail: end)
    let tree = try shippedLayout(name).dissect(source)
    #expect(tree.findings == [])
    #expect(source.readByteCount.value < 1 << 17)
    let encoded = try tree.encode()
    #expect(encoded.byteCount == source.byteCount)
  }

  // MARK: What is found

  private func expectOne(
    _ severity: LayoutFinding.Severity, at path: String, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout XeState) -> Void
  ) throws {
    var state = XeState.sample
    change(&state)
    try StateLayoutTests.expectOne(
      severity, at: path, words, in: state.bytes, name, sourceLocation: sourceLocation)
  }

  @Test func headers() throws {
    try expectOne(.error, at: "packets[3].header.version", "expected 1") {
      $0.packets[3].version = 2
    }
    try expectOne(.error, at: "packets[3].header.flags", "expected 0x0") { $0.packets[3].flags = 1 }
    try expectOne(.error, at: "packets[4].header", "type of packet") {
      $0.packets.insert(.init(type: 0), at: 4)
    }
    try expectOne(.warning, at: "packets[4].header", "passes over") {
      $0.packets.insert(.init(type: 7), at: 4)
    }
  }

  @Test func theDescriptor() throws {
    try expectOne(.error, at: "packets[0].header", "expected tile 0") { $0.packets[0].tile = 1 }
    try expectOne(.error, at: "packets[0].header", "expected tile 0") { $0.packets[0].gt = 1 }
    try expectOne(.error, at: "packets[0].header", "expected tile 0") { $0.packets[0].offset = 1 }
    try expectOne(.error, at: "", "found 2") {
      $0.packets.insert($0.packets[0], at: 1)
    }
    try expectOne(.error, at: "", "descriptor as the first") { $0.packets.swapAt(0, 1) }
    let tree = try shippedLayout(name).dissect(XeState(packets: [.init(type: 2)]).bytes)
    #expect(tree.findings.count == 2)
    #expect(!tree.isSound)
    try expectOne(.warning, at: "packets[0].payload", "found 0 and 1") {
      $0.packets[0].payload.removeFirst(8)
    }
    try expectOne(.warning, at: "packets[0].payload", "found 1 and 0") {
      $0.packets[0].payload.removeLast(8)
    }
    try expectOne(.warning, at: "packets[0].payload", "found 0 and 0") {
      $0.packets[0].payload = []
    }
    try expectOne(.note, at: "packets[0].payload.values[2].key", "not known here") {
      $0.packets[0].payload += XeState.words([0xf003_0002, 1, 2])
    }
    try expectOne(.error, at: "packets[0].payload.values[1].length", "one word") {
      $0.packets[0].payload += XeState.words([7])
      $0.packets[0].payload[8] = 2
    }
    try expectOne(.error, at: "packets[0].payload.values[1].words[1]", "4 bytes") {
      $0.packets[0].payload[8] = 2
    }
  }

  @Test func theTrailer() throws {
    let path = "packets[8].header"
    try expectOne(.error, at: path, "no payload") { $0.packets[8].payload = [0] }
    try expectOne(.error, at: path, "expected tile 0") { $0.packets[8].tile = 1 }
    try expectOne(.error, at: path, "expected tile 0") { $0.packets[8].gt = 1 }
    try expectOne(.error, at: path, "expected tile 0") { $0.packets[8].offset = 1 }
    try expectOne(.error, at: "", "not whole") { $0.packets.removeLast() }
    try expectOne(.error, at: "", "not whole") {
      $0.packets.append(.init(type: 6, offset: 4196, payload: [1]))
    }
    try expectOne(.error, at: "", "one trailer, found 2") { $0.packets.append(.init(type: 2)) }
  }

  @Test func payloads() throws {
    try expectOne(.error, at: "packets[4].header", "16 bytes") {
      $0.packets[4].payload.removeLast(4)
    }
    try expectOne(.error, at: "packets[1].header", "multiple of 4") { $0.packets[1].payload += [0] }
    var state = XeState.sample
    state.packets[3].payload += [0, 0, 0, 0]
    let tree = try shippedLayout(name).dissect(state.bytes)
    #expect(tree.findings.contains { $0.path == "packets[3].header" })
    #expect(!tree.isSound)
  }

  @Test func chunksLongerThanTheDriversOwn() throws {
    let start = XeState(packets: Array(XeState.sample.packets[..<6])).bytes
    let size: UInt64 = 512 << 20 + 1
    let source = SparseState(
      head: start + XeState.Packet(type: 6, size: size).bytes, hole: size,
      tail: XeState(packets: [.init(type: 2)]).bytes)
    let tree = try shippedLayout(name).dissect(source)
    #expect(tree.findings.map(\.severity) == [.warning])
    #expect(tree.findings.first?.message.contains("512 MiB") == true)
  }

  @Test func localMemoryHasNoGapsAndNoOverlaps() throws {
    let gap = "found a packet at 4097, where what is before it ends at 4096"
    try expectOne(.error, at: "packets[7]", gap) { $0.packets[7].offset = 4097 }
    try expectOne(.error, at: "packets[7]", "a packet at 4095") { $0.packets[7].offset = 4095 }
    let start = "found a packet at 4096, where what is before it ends at 0"
    try expectOne(.error, at: "packets[6]", start) { $0.packets.remove(at: 6) }
    try expectOne(.error, at: "packets[7]", "a packet at 0") {
      $0.packets.insert($0.packets[6], at: 7)
    }
    // What lies within another is all that is wrong then.
    try expectOne(.error, at: "packets[7]", "a packet at 4000") {
      $0.packets.insert(.init(type: 6, offset: 4000, payload: [1]), at: 7)
    }
    // Each GT has its own, where it has a translation table.
    var state = XeState.sample
    state.packets.insert(.init(type: 6, gt: 1, payload: [1, 2, 3]), at: 7)
    try StateLayoutTests.expectOne(
      .error, at: "packets[7]", "the translation table of tile 0", in: state.bytes, name)
    state.packets.insert(.init(type: 3, gt: 1, payload: XeState.words([0, 0])), at: 3)
    try expectSound(state.bytes, name)
    // In another order nothing is missing, but no driver writes it so.
    state = .sample
    state.packets.swapAt(6, 7)
    let tree = try shippedLayout(name).dissect(state.bytes)
    #expect(tree.findings.map(\.severity) == [.error, .warning, .error])
    #expect(tree.findings.contains { $0.message.contains("in this order") })
  }

  /// Each GT has the state of its firmware and its registers; only one has a table and memory.
  @Test func whatEachGTHas() throws {
    for (index, first, words) in [
      (1, 2, "the firmware state of tile 0, GT 0"), (5, 1, "the registers of tile 0, GT 0"),
      (2, 3, "the firmware state of tile 0, GT 1"), (4, 2, "the registers of tile 0, GT 1"),
    ] {
      try expectOne(.error, at: "packets[\(first)]", words) { $0.packets.remove(at: index) }
    }
    // Of another tile, which has the rest neither.
    var state = XeState.sample
    state.packets.insert(.init(type: 5, tile: 1, payload: XeState.words([1])), at: 3)
    try StateLayoutTests.expectOne(
      .error, at: "packets[3]", "the registers of tile 1, GT 0", in: state.bytes, name)
    state.packets.insert(.init(type: 4, tile: 1, payload: XeState.words([1, 2, 3, 4])), at: 4)
    try expectSound(state.bytes, name)
  }

  @Test func theOrderOfAGT() throws {
    try expectOne(.warning, at: "packets[5]", "in this order") { $0.packets.swapAt(3, 5) }
    try expectOne(.warning, at: "packets[2]", "found another") {
      $0.packets.insert($0.packets[1], at: 2)
    }
  }
}
