import StateLayout
import StateTestSupport
import StateTranslation
import TestSupport
import Testing

/// Translations of random states, without a device.
@Suite struct TranslationRoundTripTests {
  private func translated(
    _ bytes: [UInt8], _ source: String, _ target: String,
    facts: DeviceFacts = DeviceFacts(), from: DeviceFacts = DeviceFacts(),
    allowing: Set<TranslationLoss> = []
  ) throws -> Translator.Outcome {
    var translator = Translator(for: facts)
    translator.source = from
    translator.allowed = allowing
    return translator.translate(
      bytes, from: try #require(Layout.named(source)), to: try #require(Layout.named(target)))
  }

  private func bytes(_ outcome: Translator.Outcome, over state: [UInt8]) throws -> [UInt8] {
    #expect(outcome.report.refusals.isEmpty)
    return try #require(outcome.state).bytes(from: StateBytes(state))
  }

  @Test(arguments: ["hisi_acc-v1", "hisi_acc-v2"], seeds(64))
  func hisiComesBack(name: String, seed: UInt64) throws {
    let other = name == "hisi_acc-v1" ? "hisi_acc-v2" : "hisi_acc-v1"
    let first = try RandomState.bytes(of: name, seed: seed)
    let there = try bytes(try translated(first, name, other), over: first)
    #expect(there != first)
    #expect(there.count == first.count)
    #expect(try bytes(try translated(there, other, name), over: there) == first)
  }

  @Test(arguments: seeds(32))
  func rawMLX5ComesBack(seed: UInt64) throws {
    let first = try RandomState.bytes(of: "mlx5-raw", seed: seed)
    let there = try bytes(try translated(first, "mlx5-raw", "mlx5"), over: first)
    #expect(there.count == first.count + 16)
    #expect(try bytes(try translated(there, "mlx5", "mlx5-raw"), over: there) == first)
  }

  @Test(arguments: seeds(32))
  func taggedMLX5LosesItsRecordsOnlyWhereThereIsOneImage(seed: UInt64) throws {
    let first = try RandomState.bytes(of: "mlx5", seed: seed)
    let tree = try #require(Layout.named("mlx5")).dissect(first)
    let images = tree["records"]?.items.count { $0["tag"]?.integer == 0 } ?? 0
    let outcome = try translated(first, "mlx5", "mlx5-raw")
    #expect(outcome.report.isAccepted == (images == 1))
    #expect((outcome.state == nil) == (images != 1))
  }

  @Test(arguments: seeds(64))
  func nvmeChangesItsPackingWhereNoVectorIsLost(seed: UInt64) throws {
    let first = try RandomState.bytes(of: "nvme-linux-rfc", seed: seed)
    let tree = try #require(Layout.named("nvme-linux-rfc")).dissect(first)
    let needsVector =
      tree["nvmecs.completion_queues"]?.items.contains { $0["interrupts_enabled"]?.integer == 1 }
    let isVendors = tree["vendor_specific"]?.payload?.byteCount != 0
    var facts = DeviceFacts()
    facts.nvme = DeviceFacts.NVMe()
    facts.nvme?.vendorUUIDs = ["a"]
    let outcome = try translated(
      first, "nvme-linux-rfc", "nvme-tp4159", facts: facts, from: facts)
    #expect(outcome.report.isAccepted == (needsVector != true))
    if isVendors {
      #expect(try !translated(first, "nvme-linux-rfc", "nvme-tp4159").report.isAccepted)
    }
    guard outcome.report.isAccepted else { return }
    let there = try bytes(outcome, over: first)
    let back = try translated(there, "nvme-tp4159", "nvme-linux-rfc", facts: facts, from: facts)
    #expect(try bytes(back, over: there) == first)
  }

  @Test(
    arguments: ["mtty", "mlx5", "mlx5-raw", "hisi_acc-v1", "hisi_acc-v2", "pds", "xe", "igb"],
    seeds(8))
  func whatNeedsNoRewriteStaysAsItIs(name: String, seed: UInt64) throws {
    let first = try RandomState.bytes(of: name, seed: seed)
    let outcome = try translated(first, name, name)
    #expect(try bytes(outcome, over: first) == first)
    #expect(outcome.report.rewrites.isEmpty)
  }

  @Test(arguments: seeds(32))
  func virtioIsTheSameWhenItComesBack(seed: UInt64) throws {
    let first = try RandomState.bytes(of: "virtio", seed: seed)
    let tree = try #require(Layout.named("virtio")).dissect(first)
    // Random features: what was negotiated decides whether the control queue's part may be there.
    let negotiated = words(0x101, in: tree)
    let offered = words(0x100, in: tree)
    let mayHaveControl = negotiated[0] >> 17 & 1 == 1 && negotiated[0] >> 22 & 1 == 1
    var (there, home) = (DeviceFacts(), DeviceFacts())
    there.virtio = DeviceFacts.Virtio()
    there.virtio?.deviceFeatures = [negotiated[0] | 1, 0, 0]
    home.virtio = DeviceFacts.Virtio()
    home.virtio?.deviceFeatures = [offered[0] | negotiated[0], offered[1]]
    let outcome = try translated(first, "virtio", "virtio", facts: there)
    #expect(outcome.report.isAccepted == mayHaveControl)
    guard mayHaveControl else { return }
    let moved = try bytes(outcome, over: first)
    #expect(moved != first)
    let back = try bytes(try translated(moved, "virtio", "virtio", facts: home), over: moved)
    let again = try bytes(try translated(back, "virtio", "virtio", facts: there), over: back)
    #expect(again == moved)
  }

  /// Parts in the reverse of their order, of more queues than findings are kept, before what is
  /// changed.
  private func reversedParts(_ change: (inout VirtioState) -> Void = { _ in }) -> [UInt8] {
    var state = VirtioState.sample
    state.parts.insert(
      contentsOf: (2..<400).map { VirtioState.queue($0, VirtioState.Queue()) }, at: 0)
    state.parts += (2..<5).map { VirtioState.notification($0, offset: $0, data: 0) }
    // Those of a kind of device have no place in the order.
    state.parts.removeAll { $0.type == 0x200 }
    state.parts.reverse()
    change(&state)
    return state.bytes
  }

  @Test func partsInAnotherOrderAreUnsoundAndPutInOrder() throws {
    let first = reversedParts()
    let layout = try #require(Layout.named("virtio"))
    #expect(!layout.dissect(first).isSound)
    let outcome = try translated(first, "virtio", "virtio")
    #expect(outcome.report.rewrites.map(\.field) == ["parts"])
    let there = try bytes(outcome, over: first)
    let types = layout.dissect(there)["records[0].payload.parts"]?.items.map {
      $0["part_type"]?.integer ?? 0
    }
    #expect(layout.dissect(there).isSound && types == types?.sorted())
    #expect(there.count == first.count)
  }

  @Test func theirOrderHidesNothingElse() throws {
    // As many findings about the order as are kept come before the one that is not put right.
    let first = reversedParts { state in
      state.parts.append(VirtioState.queue(0, VirtioState.Queue()))
    }
    let outcome = try translated(first, "virtio", "virtio")
    #expect(outcome.state == nil)
    #expect(outcome.report.refusals.count == 1)
    #expect(outcome.report.refusals.first?.needed.contains("each queue") == true)
  }

  private func words(_ type: Int128, in tree: LayoutTree) -> [UInt64] {
    let part = tree["records[0].payload.parts"]?.items.first { $0["part_type"]?.integer == type }
    return (part?["value.words"]?.items ?? []).map { UInt64(truncatingIfNeeded: $0.integer ?? 0) }
  }

  @Test(arguments: seeds(16))
  func localMemoryIsCutAnewAndComesBack(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let layout = try #require(Layout.named("xe"))
    let base = try RandomState.bytes(of: "xe", seed: seed)
    var tree = layout.dissect(base)
    let size = 1 << 20
    let chunks = (0..<Int.random(in: 1...5, using: &random)).map { index in
      packet(offset: UInt64(index * size), [UInt8](repeating: UInt8(index), count: size))
    }
    try tree.root.update("packets") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeAll { $0["header.packet_type"]?.integer == 6 }
      items.first.insert(contentsOf: chunks, at: items.first.count - 1)
      node.content = .list(items)
    }
    let first = try tree.encode().bytes(from: StateBytes(base))
    var (large, small) = (DeviceFacts(), DeviceFacts())
    large.xe = DeviceFacts.Xe()
    large.xe?.chunkByteCount = 3 << 20
    small.xe = DeviceFacts.Xe()
    small.xe?.chunkByteCount = UInt64(size)
    let outcome = try translated(first, "xe", "xe", facts: large)
    let there = try bytes(outcome, over: first)
    let count = (chunks.count + 2) / 3
    #expect(there.count == first.count - 24 * (chunks.count - count))
    #expect(try bytes(try translated(there, "xe", "xe", facts: small), over: there) == first)
  }

  private func packet(offset: UInt64, _ bytes: [UInt8]) -> LayoutNode {
    LayoutNode(
      "packet",
      fields: [
        LayoutNode(
          "header",
          fields: [
            LayoutNode("version", 1), LayoutNode("packet_type", 6), LayoutNode("tile_id", 0),
            LayoutNode("gt_id", 0), LayoutNode("flags", 0), LayoutNode("offset", offset),
            LayoutNode("size", bytes.count),
          ]), LayoutNode("payload", bytes: bytes),
      ])
  }

  // MARK: mtty

  private func facts(ports: Int) -> DeviceFacts {
    var facts = DeviceFacts()
    facts.mtty = DeviceFacts.Mtty()
    facts.mtty?.portCount = ports
    return facts
  }

  @Test func aPortIsInventedOnlyWhereThatIsAllowed() throws {
    let first = try Corpus.bytes("mtty/mtty1-1.state")
    let refused = try translated(first, "mtty", "mtty", facts: facts(ports: 2))
    #expect(refused.report.refusals.map(\.loss) == [.port])
    #expect(refused.state == nil)
    let allowed = try translated(
      first, "mtty", "mtty", facts: facts(ports: 2), allowing: [.port])
    #expect(allowed.report.losses.map(\.loss) == [.port])
    let there = try bytes(allowed, over: first)
    #expect(there.count == first.count + 36)
    // The invented port is as after a reset, so it can be left out again.
    let back = try translated(there, "mtty", "mtty", facts: facts(ports: 1))
    #expect(try bytes(back, over: there) == first)
    #expect(back.report.rewrites.map(\.field) == ["header.nr_ports", "ports[1]"])
  }

  @Test func aPortThatWasUsedIsNotLeftOut() throws {
    var first = try Corpus.bytes("mtty/mtty2-5.state")
    // A byte in the second port's FIFO, and the place behind it.
    first[60 + 8] = UInt8(ascii: "x")
    first[60 + 24] = 1
    first[60 + 26] = 1
    let outcome = try translated(
      first, "mtty", "mtty", facts: facts(ports: 1), allowing: Set(TranslationLoss.allCases))
    #expect(outcome.report.refusals.map(\.field) == ["ports[1]"])
  }

  // MARK: What cannot be

  @Test func otherLayoutsAreRefusedByName() throws {
    let outcome = try translated(try RandomState.bytes(of: "virtio", seed: 1), "virtio", "qat")
    #expect(outcome.report.refusals.map(\.found) == ["virtio"])
    #expect(outcome.report.refusals[0].needed == "a layout that can be translated to qat: qat")
  }

  @Test(arguments: ["mtty", "mlx5", "hisi_acc-v1", "hisi_acc-v2", "qat", "xe", "igb", "virtio"])
  func truncatedStatesAreRefusedEverywhere(name: String) throws {
    let whole = try RandomState.bytes(of: name, seed: 3)
    for count in [0, 1, whole.count / 2, whole.count - 1]
    where !(name.hasPrefix("hisi") && count == 40) {
      let outcome = try translated(Array(whole.prefix(count)), name, name)
      #expect(!outcome.report.isAccepted, "\(count) bytes")
      #expect(outcome.state == nil)
    }
  }

  @Test func theTargetsDriverMustTakeTheLayout() throws {
    var facts = DeviceFacts()
    facts.layouts = ["hisi_acc-v1"]
    let state = try RandomState.bytes(of: "hisi_acc-v2", seed: 3)
    let outcome = try translated(state, "hisi_acc-v2", "hisi_acc-v2", facts: facts)
    #expect(outcome.report.refusals.map(\.needed) == ["one that the target takes: hisi_acc-v1"])
  }

  @Test func factsThatAreNotKnownAreNamed() throws {
    let state = try RandomState.bytes(of: "hisi_acc-v2", seed: 3)
    let outcome = try translated(state, "hisi_acc-v2", "hisi_acc-v1")
    #expect(
      outcome.report.unchecked.map(\.fact)
        == ["layouts", "pci.device", "hisi_acc.qp-num", "hisi_acc.que-iso-cfg"])
  }
}
