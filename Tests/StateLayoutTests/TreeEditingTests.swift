import StateLayout
import StateTestSupport
import TestSupport
import Testing

/// After a change, what measures content agrees with it.
@Suite struct TreeEditingTests {
  private func tree(_ name: String, seed: UInt64 = 1) throws -> LayoutTree {
    try ShippedLayoutTests.layout(name).dissect(RandomState.bytes(of: name, seed: seed))
  }

  private func again(_ tree: LayoutTree) throws -> LayoutTree {
    let result = try tree.layout.dissect(tree.encodedBytes())
    #expect(result.isSound, "\(result.findings)")
    return result
  }

  @Test func aCountFollowsItsItems() throws {
    var tree = try ShippedLayoutTests.layout("mtty").dissect(Corpus.bytes("mtty/mtty2-5.state"))
    try tree.root.update("ports") { node in
      node.content = .list(LayoutNode.Items(Array(node.items.dropLast())))
    }
    let result = try again(tree)
    #expect(result.integer("header.nr_ports") == 1 && result.byteCount == 60)
  }

  @Test func aNewRecordNeedsNoLength() throws {
    var tree = try tree("mlx5")
    let count = try #require(tree["records"]).items.count
    try tree.root.update("records") { node in
      node.content = .list(
        LayoutNode.Items(
          node.items + [
            LayoutNode(
              "records",
              fields: [
                LayoutNode("flags", 0), LayoutNode("tag", 0),
                LayoutNode("payload", bytes: [1, 2, 3]),
              ])
          ]))
    }
    let result = try again(tree)
    #expect(result.integer("records[\(count)].record_size") == 3)
  }

  @Test func aPayloadMayGrow() throws {
    var tree = try tree("xe")
    try tree.set("packets[1].payload", to: Payload([UInt8](repeating: 7, count: 400)))
    #expect(try again(tree).integer("packets[1].header.size") == 400)
  }

  @Test func paddingKeepsTheWholeAtItsLength() throws {
    var tree = try tree("qat", seed: 5)
    let general = "state.body.sections[0].children.sections[2]"
    #expect(tree["\(general).id"]?.text == "sla")
    let entry = LayoutNode(
      "entries",
      fields: [
        LayoutNode("srv", 1), LayoutNode("padding", bytes: [0, 0, 0, 0]),
        LayoutNode("rp_mask", 0xf0), LayoutNode("cir", 1), LayoutNode("pir", 2),
      ])
    for count in [0, 1, 4] {
      try tree.root.update("\(general).value.entries") { node in
        node.content = .list(LayoutNode.Items(Array(repeating: entry, count: count)))
      }
      let result = try again(tree)
      #expect(result.byteCount == 4096)
      #expect(result.integer("\(general).size") == Int128(24 * count))
      #expect(result.integer("state.preamble.size") == Int128(2234 + 24 * count))
    }
  }

  @Test func lengthsOfLengthsFollow() throws {
    var tree = try tree("virtio")
    let before = try #require(tree.integer("records[0].record_size"))
    try tree.root.update("records[0].payload.parts") { node in
      node.content = .list(LayoutNode.Items(node.items.filter { $0.integer("part_type") != 0x300 }))
    }
    try tree.root.update("records[0].payload.parts[1].value.words") { node in
      node.content = .list(LayoutNode.Items(node.items + [LayoutNode("words", 0)]))
    }
    let result = try again(tree)
    #expect(result.integer("records[0].payload.parts[1].length") == 16)
    #expect(try #require(result.integer("records[0].record_size")) <= before + 8)
  }

  @Test func paddingToWholeUnitsIsMade() throws {
    let tree = try tree("nvme-linux-rfc", seed: 3)
    let queue = LayoutNode(
      "completion_queues",
      fields: [
        LayoutNode("prp1", 0x1000), LayoutNode("qsize", 63), LayoutNode("qid", 9),
        LayoutNode("head", 0), LayoutNode("tail", 0), LayoutNode("contiguous", 1),
        LayoutNode("interrupts_enabled", 1), LayoutNode("phase", 0),
        LayoutNode("reserved_attributes", 0), LayoutNode("reserved", bytes: [0, 0, 0, 0]),
      ])
    for count in 0...3 {
      var tree = tree
      // Which have completion queues that are taken out.
      try tree.root.update("nvmecs.submission_queues") { node in
        node.content = .list(LayoutNode.Items([]))
      }
      try tree.root.update("nvmecs.completion_queues") { node in
        node.content = .list(
          LayoutNode.Items(
            (0..<count).map { number in
              var queue = queue
              try? queue.set("qid", to: number + 1)
              return queue
            }))
      }
      let result = try again(tree)
      #expect(result.integer("nvmecs.niocq") == Int128(count))
      #expect(result["nvmecs.completion_queues[0]"].map { $0.integer("contiguous") == 1 } ?? true)
    }
  }

  @Test func oneVersionIsWrittenAsAnother() throws {
    var tree = try tree("hisi_acc-v1", seed: 2)
    let other = try ShippedLayoutTests.layout("hisi_acc-v2")
    #expect(throws: LayoutError.self) { try other.encode(tree.root) }
    try tree.root.update("match") { node in
      node.content = .record(
        node.fields.filter { !["reserved", "acc_magic"].contains($0.name) } + [
          LayoutNode("minor_ver", 0),
          LayoutNode("reserved", bytes: [UInt8](repeating: 0, count: 8)),
        ])
    }
    // The magic and the major version can have one value only.
    let result = try other.dissect(
      #require(try LayoutTree(composing: tree.root, by: other).encode().loadedBytes))
    #expect(result.integer("match.acc_magic") == 0xaacc_feed_deca_dede)
    #expect(result.integer("match.major_ver") == 1)
  }

  @Test func whatDoesNotFitIsAnError() throws {
    var mtty = try tree("mtty")
    #expect(throws: LayoutError.self) { try mtty.set("header.nothing", to: 1) }
    #expect(throws: LayoutError.self) { try mtty.set("ports[9].head", to: 1) }
    #expect(throws: LayoutError.self) { try mtty.set("header", to: 1) }
    try mtty.set("ports[0].head", to: 256)
    let error = #expect(throws: LayoutError.self) { try mtty.encode() }
    #expect(error?.code == .value && error?.place == .field("ports[0].head"))
    var igb = try tree("igb")
    try igb.root.update("regs") { node in
      node.content = .list(LayoutNode.Items(Array(node.items.dropLast())))
    }
    #expect(throws: LayoutError.self) { try igb.encode() }
    var short = try tree("mtty")
    short.root.content = .record([])
    #expect(throws: LayoutError.self) { try short.encode() }
  }

  @Test func whatWasReadShortIsWrittenOnceItIsWhole() throws {
    let whole = try RandomState.bytes(of: "mlx5", seed: 2)
    var tree = try ShippedLayoutTests.layout("mlx5").dissect(Array(whole.dropLast()))
    let last = try #require(tree["records"]).items.count - 1
    func expectRefused(_ tree: LayoutTree) {
      let error = #expect(throws: LayoutError.self) { try tree.encode() }
      #expect(error?.code == .incomplete)
      #expect(error?.place == .field("records[\(last)].payload"))
      #expect(error?.message.contains("before the state ends") == true)
    }
    expectRefused(tree)
    try tree.set("records[0].flags", to: 1)
    try tree.set("records[\(last)].flags", to: 1)
    expectRefused(tree)
    var mended = tree
    try mended.set("records[\(last)].payload", to: [1, 2, 3])
    #expect(try again(mended).integer("records[\(last)].record_size") == 3)
    try tree.root.update("records") { node in
      node.content = .list(LayoutNode.Items(Array(node.items.dropLast())))
    }
    #expect(try again(tree)["records"]?.items.count == last)
  }

  @Test func aListThatWasReadShortKeepsItsCount() throws {
    let layout = try Layout(
      parsing: """
        meta: { id: t, endian: be }
        seq:
          - { id: count, type: u1 }
          - { id: inner, size: 3, type: words }
          - { id: words, type: u2, repeat: expr, repeat-expr: count }
        types:
          words:
            seq:
              - { id: count, type: u1 }
              - { id: words, type: u2, repeat: expr, repeat-expr: count }
        """)
    // The inner list is cut by its structure, the outer one by the state.
    let cases: [(bytes: [UInt8], field: String)] = [
      ([1, 2, 9, 9, 9, 9], "inner.words[1]"), ([2, 1, 9, 9, 9, 9], "words[1]"),
      ([2, 1, 9, 9, 9], "words[0]"), ([], "count"), ([2, 1], "inner"),
    ]
    for (bytes, field) in cases {
      let error = #expect(throws: LayoutError.self) { try layout.dissect(bytes).encode() }
      #expect(error?.code == .incomplete && error?.place == .field(field))
    }
    #expect(try layout.dissect([1, 1, 9, 9, 9, 9]).encodedBytes() == [1, 1, 9, 9, 9, 9])
  }

  @Test func anInstanceThatIsChangedIsWrittenInItsPlace() throws {
    let layout = try Layout(
      parsing: """
        meta: { id: t, endian: be }
        seq:
          - { id: where, type: u1 }
          - { id: rest, size-eos: true }
        instances:
          there: { pos: where, type: u2 }
          twice: { value: where * 2 }
        """)
    var tree = layout.dissect([3, 9, 9, 0x12, 0x34, 9])
    #expect(tree.integer("there") == 0x1234 && tree.integer("twice") == 6)
    #expect(tree["there"]?.origin == .position && tree["twice"]?.origin == .computed)
    #expect(try tree.encodedBytes() == [3, 9, 9, 0x12, 0x34, 9])
    try tree.set("there", to: 0xabcd)
    #expect(try tree.encodedBytes() == [3, 9, 9, 0xab, 0xcd, 9])
  }
}

extension LayoutNode {
  func integer(_ path: String) -> Int128? { self[path]?.integer }
}

extension Layout {
  init(parsing text: String) throws(LayoutError) { try self.init(parsing: Array(text.utf8)) }
}
