import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct QATTests {
  private let name = "qat"

  @Test func everySectionIsTakenApart() throws {
    let state = QATState.sample
    #expect(state.setup.bytes.count == 90)
    #expect(state.state.bytes.count == 2250 + 2 * 24)
    let tree = try expectSound(state.bytes, name)
    let config = "setup.body.sections[0].children.sections"
    #expect(tree["\(config)[0].id"]?.text == "gencap")
    #expect(tree.integer("\(config)[0].value.value") == 0x0123_4567)
    #expect(tree["\(config)[1].value.value"]?.range?.count == 2)
    let general = "state.body.sections[0].children.sections"
    #expect(tree["\(general)[2].value.entries[0].srv"]?.meaning == "sym")
    #expect(tree.integer("\(general)[2].value.entries[1].rp_mask") == 0xc0)
    #expect(tree.integer("\(general)[2].value.entries[1].pir") == 300)
    let misc = "state.body.sections[1].children.sections"
    #expect(tree["\(misc)[4].id"]?.text == "pf2vm")
    #expect(tree["\(misc)"]?.items.count == 6)
    let bank = "state.body.sections[2].children.sections[3]"
    #expect(tree["\(bank).id"]?.text == "bnk3")
    #expect(tree.integer("\(bank).children.sections[0].value.rings[1].tail") == 128)
    #expect(tree["\(bank).children.sections[0].value.rings"]?.items.count == 16)
    #expect(tree["padding"]?.payload?.byteCount == UInt64(4096 - 90 - 2298))
  }

  @Test(arguments: seeds(40)) func randomStatesAreSound(seed: UInt64) throws {
    try expectSound(QATState.random(seed: seed).bytes, name)
  }

  @Test func everyCutIsFound() throws {
    let bytes = QATState.sample.bytes
    let used = 90 + QATState.sample.state.bytes.count
    try expectEveryCutFound(Array(bytes[...used]), name)
    try expectEveryCutFound(bytes, name, from: used, step: 61)
    try expectEveryCutFound(bytes, name, from: 4095)
  }

  @Test func rateLimitsCanBeTakenOut() throws {
    var tree = try expectSound(QATState.sample.bytes, name)
    try tree.root.update("state.body.sections[0].children.sections[2].value.entries") { node in
      node.content = .list(.init([]))
    }
    var expected = QATState.sample
    expected.state.sections[0].children[2].payload = []
    let bytes = try tree.encodedBytes()
    #expect(bytes == expected.bytes)
  }

  @Test func sectionsCanBeTakenOut() throws {
    var state = QATState.sample
    state.state.sections.append(.init(id: "later", payload: [1, 2, 3]))
    var tree = try shippedLayout(name).dissect(state.bytes)
    try tree.root.update("state.body.sections") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeLast()
      node.content = .list(items)
    }
    let bytes = try tree.encodedBytes()
    #expect(bytes == QATState.sample.bytes)
  }

  // MARK: What is found

  private func expectOne(
    _ severity: LayoutFinding.Severity, at path: String, _ words: String, among count: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout QATState) -> Void
  ) throws {
    var state = QATState.sample
    change(&state)
    try StateLayoutTests.expectOne(
      severity, at: path, words, in: state.bytes, name, among: count,
      sourceLocation: sourceLocation)
  }

  @Test func preambles() throws {
    for (path, blob) in [("setup", \QATState.setup), ("state", \QATState.state)] {
      try expectOne(.error, at: "\(path).preamble.magic", "0xadf5caea") {
        $0[keyPath: blob].magic = 1
      }
      try expectOne(.error, at: "\(path).preamble.version", "expected 1") {
        $0[keyPath: blob].version = 2
      }
      try expectOne(.error, at: "\(path).preamble.preh_len", "expected 16") {
        $0[keyPath: blob].preambleLength = 17
      }
    }
  }

  @Test func whatStandsBehind() throws {
    try StateLayoutTests.expectOne(
      .note, at: "padding", "mean nothing",
      in: QATState.sample.bytes.replacing(1 as UInt8, at: 4095), name)
    try StateLayoutTests.expectOne(
      .error, at: "", "1 more", in: QATState.sample.bytes + [0], name)
  }

  /// Linux 7.2 writes the names of sections and leaves what was in the memory behind them.
  @Test func whatStandsBehindNames() throws {
    var bytes = QATState.sample.bytes
    // gencap, of 6 characters, is the first section in CONFIG.
    bytes[39] = 0xab
    try StateLayoutTests.expectOne(
      .note, at: "setup.body.sections[0].children.sections[0].id", "mean nothing", in: bytes, name)
    let tree = try ShippedLayoutTests.layout(name).dissect(bytes)
    #expect(tree["setup.body.sections[0].children.sections[0].id"]?.text == "gencap")
    #expect(tree.meaninglessRanges == [38..<40])
  }

  @Test func setupOfAnotherSize() throws {
    // The driver compares capabilities whatever their size.
    try expectOne(.warning, at: "setup.preamble", "found 78") {
      $0.setup.sections[0].children[0].payload = QATState.integer(0x0123_4567 as UInt64)
    }
  }

  @Test func missingSections() throws {
    try expectOne(.error, at: "state.body", "found 0, 1 and 1") { $0.state.sections.remove(at: 0) }
    try expectOne(.error, at: "state.body", "found 1, 0 and 1") { $0.state.sections.remove(at: 1) }
    try expectOne(.error, at: "state.body", "found 1, 1 and 0") { $0.state.sections.remove(at: 2) }
    for (section, words) in ["sla, found 2", "vm2pf, found 5", "bnk3, found 3"].enumerated() {
      for child in QATState.sample.state.sections[section].children.indices {
        try expectOne(.error, at: "state.body.sections[\(section)].children", words) {
          $0.state.sections[section].children.remove(at: child)
        }
      }
    }
    try expectOne(
      .error, at: "state.body.sections[2].children.sections[1].sub_sects", "found none"
    ) {
      $0.state.sections[2].children[1].children = []
    }
    try expectOne(
      .error, at: "state.body.sections[2].children.sections[1].children", "mregs, found 0",
      among: 2
    ) {
      $0.state.sections[2].children[1].children[0].id = "later"
    }
    for child in 0..<3 {
      try expectOne(
        .error, at: "setup.body.sections[0].children", "extdc, found 2", among: 2
      ) {
        $0.setup.sections[0].children.remove(at: child)
      }
    }
    try expectOne(.error, at: "setup.body", "CONFIG, found 0", among: 2) { $0.setup.sections = [] }
  }

  @Test func sectionsTwice() throws {
    try expectOne(
      .error, at: "state.body.sections[0].children.sections[3]", "each section once", among: 2
    ) {
      $0.state.sections[0].children.append($0.state.sections[0].children[0])
    }
    try expectOne(.error, at: "state.body", "found 2, 1 and 1") {
      $0.state.sections.append($0.state.sections[0])
    }
  }

  @Test func unknownSections() throws {
    try expectOne(.note, at: "state.body.sections[3].id", "later") {
      $0.state.sections.append(.init(id: "later", payload: [1, 2, 3]))
    }
  }

  @Test func leavesWithSections() throws {
    try expectOne(
      .warning, at: "state.body.sections[0].children.sections[1].sub_sects", "without sections",
      among: 2
    ) {
      $0.state.sections[0].children[1].count = 1
    }
  }

  @Test func sizesThatDoNotAddUp() throws {
    try expectOne(.error, at: "state.body.sections[1].children", "found 17 bytes", among: 2) {
      $0.state.sections[1].children.append(.init(id: "more", payload: [1]))
      $0.state.sections[1].count = 6
    }
    try expectOne(.error, at: "state.body", "found 19 bytes", among: 2) {
      $0.state.sections.append(.init(id: "more", payload: [1, 2, 3]))
      $0.state.count = 3
    }
    try expectOne(.error, at: "setup.body", "found 17 bytes", among: 3) {
      $0.setup.sections.append(.init(id: "more", payload: [1]))
      $0.setup.count = 1
    }
    try expectOne(
      .error, at: "state.body.sections[1].children.sections[6].id", "expected 8 bytes"
    ) {
      $0.state.sections[1].count = 7
    }
    try expectOne(
      .error, at: "state.body.sections[2].children.sections[3].children.sections[0].value", "473"
    ) {
      $0.state.sections[2].children[3].children[0].size = 473
    }
  }

  @Test func values() throws {
    let general = "state.body.sections[0].children.sections"
    for child in 0..<2 {
      try expectOne(.error, at: "\(general)[\(child)].size", "expected 1 byte") {
        $0.state.sections[0].children[child].payload = [1, 0]
      }
    }
    try expectOne(.warning, at: "\(general)[0].value.value", "0 or 1") {
      $0.state.sections[0].children[0].payload = [2]
    }
    try expectOne(.error, at: "state.body.sections[1].children.sections[2].size", "4 bytes") {
      $0.state.sections[1].children[2].payload = [1, 0]
    }
    try expectOne(
      .error, at: "setup.body.sections[0].children.sections[1].size", "1 to 8 bytes", among: 2
    ) {
      $0.setup.sections[0].children[1].payload = Array(repeating: 0, count: 9)
    }
    try expectOne(.warning, at: "\(general)[2].value.entries[0].srv", "one of") {
      $0.state.sections[0].children[2].payload[0] = 9
    }
    try expectOne(.warning, at: "\(general)[2].value.entries[0].cir", "up to the peak") {
      $0.state.sections[0].children[2].payload[17] = 9
    }
    try expectOne(.error, at: "\(general)[2].size", "up to 4") {
      $0.state.sections[0].children[2].payload = Array(
        repeating: QATState.rateLimit(service: 0, mask: 1, committed: 1, peak: 1), count: 5
      ).flatMap { $0 }
    }
    let bank = "state.body.sections[2].children.sections[2].children.sections[0].value"
    try expectOne(.error, at: "\(bank).ringexpstat", "no exception") {
      $0.state.sections[2].children[2].children[0].payload[72] = 1
    }
    try expectOne(.warning, at: "\(bank).reserved0", "expected zero") {
      $0.state.sections[2].children[2].children[0].payload[84] = 1
    }
    for (offset, what) in [
      // An empty ring 0 whose tail moved, also if it is full and not empty; a ring 1 that is empty,
      // and that is neither.
      (100, "found 1"), (12, "found 2"), (128, "found 1"),
    ] {
      try expectOne(.error, at: "\(bank).rings", what) {
        let payload = $0.state.sections[2].children[2].children[0].payload
        $0.state.sections[2].children[2].children[0].payload[offset] =
          offset == 128 ? 64 : payload[offset] ^ 3
      }
    }
    for offset in [0, 1] {
      try expectOne(.error, at: "\(bank).rings", "found 1 without") {
        $0.state.sections[2].children[2].children[0].payload.replaceSubrange(
          88 + 24 * offset..<96 + 24 * offset, with: repeatElement(0, count: 8))
      }
    }
    try expectOne(.warning, at: "\(bank).rings", "found 1 with others") {
      $0.state.sections[2].children[2].children[0].payload[88 + 24 * 2] = 1
    }
    try expectOne(.warning, at: "\(bank).rings[15].reserved0", "expected 0x0") {
      $0.state.sections[2].children[2].children[0].payload[468] = 1
    }
  }
}
