import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct VirtioTests {
  private let name = "virtio"

  @Test func everyPartIsTakenApart() throws {
    let tree = try expectSound(VirtioState.sample.bytes, name)
    let parts = "records[0].payload.parts"
    #expect(tree.integer("records[0].record_size") == 423)
    #expect(tree["records[0].tag"]?.meaning == "device_data")
    #expect(tree["\(parts)[0].part_type"]?.meaning == "dev_features")
    #expect(tree.integer("\(parts)[0].flags") == 1)
    #expect(tree.integer("\(parts)[0].value.words[0]") == 0x1_3000_7fff_ffff)
    #expect(tree.integer("\(parts)[1].value.words[0]") == 0x1_3000_0042_8021)
    #expect(tree["\(parts)[3].common_cfg.offset"]?.meaning == "num_queues")
    #expect(tree.integer("\(parts)[3].value.value") == 5)
    #expect(tree["\(parts)[3].value.value"]?.range?.count == 2)
    #expect(tree.integer("\(parts)[4].value.value") == 7)
    #expect(tree["\(parts)[5].value.value"]?.range?.count == 4)
    #expect(tree.integer("\(parts)[6].value.status") == 0x0f)
    #expect(tree.integer("\(parts)[8].queue.index") == 1)
    #expect(tree.integer("\(parts)[8].value.queue_size") == 256)
    #expect(tree.integer("\(parts)[8].value.desc") == 0x2000_0000)
    #expect(tree.integer("\(parts)[10].value.queue_notif_config_data") == 9)
    #expect(tree["\(parts)[11].control.command_class"]?.meaning == "rx")
    #expect(tree["\(parts)[11].value.data.is_on"]?.meaning == "yes")
    #expect(tree.integer("\(parts)[12].value.data.unicast.entries") == 1)
    #expect(
      tree["\(parts)[12].value.data.unicast.macs[0].octets"]?.payload?.loadedBytes
        == [0x52, 0x54, 0, 0x12, 0x34, 0x56])
    #expect(tree.integer("\(parts)[14].value.data.vlan_ids[1]") == 100)
    #expect(tree.integer("\(parts)[15].value.data.virtqueue_pairs") == 2)
    #expect(tree.integer("\(parts)[16].value.data.max_tx_vq") == 2)
    #expect(tree["\(parts)[16].value.data.hash_key_data"]?.payload?.byteCount == 3)
  }

  @Test(arguments: seeds(40)) func randomStatesAreSound(seed: UInt64) throws {
    try expectSound(VirtioState.random(seed: seed).bytes, name)
  }

  @Test func recordsOfPreCopyAreSound() throws {
    let bytes = VirtioState.random(seed: 1).bytes + VirtioState.sample.bytes
    try StateLayoutTests.expectOne(.note, at: "", "the last one wins", in: bytes, name)
    let tree = try shippedLayout(name).dissect(bytes)
    #expect(tree["records"]?.items.count == 2)
  }

  @Test func everyCutIsFound() throws {
    try expectEveryCutFound(VirtioState.sample.bytes, name)
  }

  @Test func aPartCanBeTakenOut() throws {
    var tree = try expectSound(VirtioState.sample.bytes, name)
    try tree.root.update("records[0].payload.parts") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeLast()
      node.content = .list(items)
    }
    var expected = VirtioState.sample
    expected.parts.removeLast()
    let bytes = try tree.encodedBytes()
    #expect(bytes == expected.bytes)
  }

  @Test func aPartCanBePutIn() throws {
    var base = VirtioState.sample
    base.parts.removeLast()
    var tree = try expectSound(base.bytes, name)
    try tree.root.update("records[0].payload.parts") { node in
      guard case .list(var items) = node.content else { return }
      items.first.append(
        LayoutNode(
          "parts",
          fields: [
            LayoutNode("part_type", 0x100), LayoutNode("flags", 1),
            LayoutNode("selector", bytes: Array(repeating: 0, count: 8)),
            LayoutNode("value", fields: [LayoutNode("words", items: [LayoutNode("words", 5)])]),
          ]))
      node.content = .list(items)
    }
    base.parts.append(VirtioState.Part(type: 0x100, flags: 1, value: VirtioState.words([5])))
    let bytes = try tree.encodedBytes()
    #expect(bytes == base.bytes)
  }

  // MARK: What is found

  private func expectOne(
    _ severity: LayoutFinding.Severity, at path: String, _ words: String, among count: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout VirtioState) -> Void
  ) throws {
    var state = VirtioState.sample
    change(&state)
    try StateLayoutTests.expectOne(
      severity, at: path, words, in: state.bytes, name, among: count,
      sourceLocation: sourceLocation)
  }

  @Test func emptyStates() throws {
    try StateLayoutTests.expectOne(.error, at: "", "found none", in: [], name)
  }

  @Test func unknownRecords() throws {
    let known = VirtioState.sample.bytes
    let optional = VirtioState.record([1, 2, 3], flags: 1, tag: 9)
    try StateLayoutTests.expectOne(
      .note, at: "records[0].tag", "tag 9", in: optional + known, name)
    let mandatory = VirtioState.record([1, 2, 3], tag: 9)
    try StateLayoutTests.expectOne(
      .error, at: "records[0].tag", "driver refuses", in: mandatory + known, name)
  }

  @Test func recordFlags() throws {
    try expectOne(.warning, at: "records[0].flags", "marked as mandatory") { $0.flags = 1 }
    let bytes =
      VirtioState.sample.bytes
      + VirtioState.record([], flags: 3, tag: 9)
    let tree = try shippedLayout(name).dissect(bytes)
    #expect(tree.findings.first?.path == "records[1].flags")
    #expect(tree.findings.first?.severity == .warning)
  }

  @Test func aRecordTooLongForTheDriver() throws {
    let bytes = VirtioState.sample.bytes.replacing(0xffff_fff8 as UInt64, at: 0)
    let tree = try shippedLayout(name).dissect(bytes)
    #expect(tree.findings.first?.path == "records[0].record_size")
    #expect(tree.findings.contains { $0.kind == .truncated })
  }

  @Test func partsThatMustBeThereOnce() throws {
    let path = "records[0].payload"
    try expectOne(.error, at: path, "driver's features, found 0") { $0.parts.remove(at: 1) }
    try expectOne(.error, at: path, "device's status, found 0") { $0.parts.remove(at: 6) }
    try expectOne(.error, at: path, "driver's features, found 2") {
      $0.parts.insert($0.parts[1], at: 1)
    }
    try expectOne(.error, at: path, "device's status, found 2") {
      $0.parts.insert($0.parts[6], at: 6)
    }
    try expectOne(.error, at: path, "device's features, found 2") {
      $0.parts.insert($0.parts[0], at: 0)
    }
    try expectOne(.warning, at: path, "found none") { $0.parts.remove(at: 0) }
  }

  @Test func partsThatMustBeUnique() throws {
    try expectOne(.error, at: "records[0].payload.parts[3]", "each field") {
      $0.parts.insert($0.parts[2], at: 2)
    }
    try expectOne(.error, at: "records[0].payload.parts[8]", "each queue") {
      $0.parts.insert($0.parts[7], at: 7)
    }
    try expectOne(.error, at: "records[0].payload.parts[10]", "each queue") {
      $0.parts.insert($0.parts[9], at: 9)
    }
    try expectOne(.error, at: "records[0].payload.parts[12]", "each command") {
      $0.parts.insert($0.parts[11], at: 11)
    }
  }

  @Test func partsOutOfOrder() throws {
    try expectOne(.error, at: "records[0].payload.parts[7]", "order of their types") {
      $0.parts.swapAt(6, 7)
    }
  }

  @Test func whoMendsTheOrderAcceptsIt() throws {
    var state = VirtioState.sample
    state.parts.swapAt(6, 7)
    let layout = try shippedLayout(name)
    let tree = layout.dissect(StateBytes(state.bytes), accepting: ["part_order"])
    #expect(tree.isSound && tree.findings.map(\.severity) == [.warning])
    #expect(!layout.dissect(StateBytes(state.bytes), accepting: ["part_orde"]).isSound)
    state.parts.remove(at: 7)
    let cut = layout.dissect(StateBytes(state.bytes), accepting: ["part_order"])
    #expect(cut.findings.filter { $0.severity == .error }.map(\.path) == ["records[0].payload"])
  }

  @Test func reservedBits() throws {
    let parts = "records[0].payload.parts"
    try expectOne(.warning, at: "\(parts)[1].flags", "at most 1") { $0.parts[1].flags = 2 }
    try expectOne(.warning, at: "\(parts)[1].reserved", "expected 0") { $0.parts[1].reserved = 1 }
    try expectOne(.warning, at: "\(parts)[1].selector", "zeros") { $0.parts[1].selector[7] = 1 }
    try expectOne(.warning, at: "\(parts)[2].common_cfg.reserved", "expected 0") {
      $0.parts[2].selector[4] = 1
    }
    try expectOne(.warning, at: "\(parts)[7].queue.reserved", "expected") {
      $0.parts[7].selector[2] = 1
    }
    try expectOne(.warning, at: "\(parts)[11].control.reserved", "expected") {
      $0.parts[11].selector[7] = 1
    }
    try expectOne(.warning, at: "\(parts)[6].value.status", "reserved bit") {
      $0.parts[6].value = [0x2f]
    }
    try expectOne(.warning, at: "\(parts)[7].value.reserved", "expected 0") {
      $0.parts[7].value[6] = 1
    }
    try expectOne(.warning, at: "\(parts)[9].value.reserved", "expected 0") {
      $0.parts[9].value[4] = 1
    }
  }

  @Test func optionalMarks() throws {
    try expectOne(.warning, at: "records[0].payload.parts[0].flags", "as optional") {
      $0.parts[0].flags = 0
    }
    try expectOne(.warning, at: "records[0].payload.parts[1].flags", "must be understood") {
      $0.parts[1].flags = 1
    }
  }

  @Test(arguments: [0x00ff, 0x0106, 0x0201, 0x0600] as [UInt16])
  func unknownParts(type: UInt16) throws {
    let path = "records[0].payload.parts[17].part_type"
    try expectOne(.note, at: path, "not known here") {
      $0.parts.append(.init(type: type == 0x106 ? 0x1ff : type, flags: 1, value: [1, 2]))
    }
    try expectOne(.error, at: path, "marked optional") {
      $0.parts.append(.init(type: type, value: [1, 2]))
    }
  }

  @Test func lengths() throws {
    try expectOne(.error, at: "records[0].payload.parts[3].length", "found 4 bytes") {
      $0.parts[3].value += [0, 0]
    }
    try expectOne(.error, at: "records[0].payload.parts[1].length", "found none") {
      $0.parts[1].value = []
    }
    try expectOne(.error, at: "records[0].payload.parts[1].value.words[1]", "8 bytes") {
      $0.parts[1].value += [0, 0, 0]
    }
    try expectOne(.warning, at: "records[0].payload.parts[7].value", "fill 36 bytes") {
      $0.parts[7].value += [0, 0, 0, 0]
    }
    try expectOne(.error, at: "records[0].payload.parts[7].value.device", "8 bytes") {
      $0.parts[7].value.removeLast()
    }
    try expectOne(.error, at: "records[0].payload.parts[16].value", "19 bytes, found 18") {
      $0.parts[16].length = 19
    }
  }

  @Test func commonConfiguration() throws {
    try expectOne(.error, at: "records[0].payload.parts[3].common_cfg.offset", "one of") {
      $0.parts[3].selector[0] = 17
    }
  }

  /// With whatever part a record begins, if less surely.
  @Test func theFirstPartTellsWhatAStateIs() throws {
    let sample = VirtioState.sample
    for index in sample.parts.indices {
      var state = sample
      state.parts.swapAt(0, index)
      let bytes = state.bytes
      let detection = Layout.detect(
        prefix: Array(bytes.prefix(256)), byteCount: UInt64(bytes.count))
      let best = detection.best
      #expect(best?.layout.name == name && best?.certainty == (index == 0 ? .certain : .likely))
    }
  }

  @Test func identifiersOfNetworks() throws {
    var state = VirtioState.sample
    state.parts[14].value = Array(repeating: 1, count: 2 * 4096)
    #expect(try shippedLayout(name).dissect(state.bytes).findings == [])
    try expectOne(.error, at: "records[0].payload.parts[14].value.data", "found 4097") {
      $0.parts[14].value = Array(repeating: 1, count: 2 * 4097)
    }
  }

  @Test func deviceStatus() throws {
    let path = "records[0].payload.parts[6].value.status"
    try expectOne(.warning, at: path, "FAILED") { $0.parts[6].value = [0x8f] }
    try expectOne(.warning, at: path, "NEEDS_RESET") { $0.parts[6].value = [0x4f] }
    try expectOne(.warning, at: path, "FEATURES_OK") { $0.parts[6].value = [0x07] }
  }

  @Test func queues() throws {
    let path = "records[0].payload.parts[7].value"
    func change(_ queue: VirtioState.Queue) -> (inout VirtioState) -> Void {
      { $0.parts[7] = VirtioState.queue(0, queue) }
    }
    try expectOne(.error, at: "\(path).queue_size", "at most 32768", change(.init(size: 32769)))
    try expectOne(.error, at: "\(path).queue_size", "found 0", change(.init(size: 0)))
    try expectOne(.error, at: "\(path).enabled", "at most 1", change(.init(enabled: 2)))
    try expectOne(.warning, at: "\(path).desc", "address", change(.init(desc: 0)))
    try expectOne(.warning, at: path, "aligned", change(.init(desc: 0x1008)))
    try expectOne(.warning, at: path, "aligned", change(.init(driver: 0x1001)))
    try expectOne(.warning, at: path, "aligned", change(.init(device: 0x1002)))
  }

  @Test func controlQueueParts() throws {
    try expectOne(.error, at: "records[0].payload.parts[11].value.data.is_on", "one of") {
      $0.parts[11].value = [2]
    }
    try expectOne(.error, at: "records[0].payload.parts[15].value.data.virtqueue_pairs", "at least")
    {
      $0.parts[15].value = [0, 0]
    }
    try expectOne(.error, at: "records[0].payload.parts[12].value.data.unicast.macs[1].octets", "6")
    {
      $0.parts[12].value[0] = 2
    }
    try expectOne(.error, at: "records[0].payload.parts[16].value.data.hash_key_data", "4 bytes") {
      $0.parts[16].value[14] = 4
    }
  }
}
