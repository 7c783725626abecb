import StateLayout
import TestSupport
import Testing

@Suite struct QATTests {
  private let name = "qat"

  @Test func everySectionIsTakenApart() throws {
    let state = QATState.sample
    #expect(state.setup.bytes.count == 90)
    #expect(state.state.bytes.count == 2250 + 2 * 24)
    let tree = try expectSound(state.bytes, name)
    let config = "setup.sections.sects[0].data.sects"
    #expect(tree["\(config)[0].id"]?.text == "gencap")
    #expect(tree.integer("\(config)[0].data.value") == 0x0123_4567)
    #expect(tree["\(config)[1].data.value"]?.range?.count == 2)
    let general = "state.sections.sects[0].data.sects"
    #expect(tree["\(general)[2].data.slas[0].srv"]?.meaning == "sym")
    #expect(tree.integer("\(general)[2].data.slas[1].rp_mask") == 0xc0)
    #expect(tree.integer("\(general)[2].data.slas[1].pir") == 300)
    let misc = "state.sections.sects[1].data.sects"
    #expect(tree["\(misc)[4].id"]?.text == "pf2vm")
    #expect(tree["\(misc)"]?.items.count == 6)
    let bank = "state.sections.sects[2].data.sects[3]"
    #expect(tree["\(bank).id"]?.text == "bnk3")
    #expect(tree.integer("\(bank).data.sects[0].data.rings[1].tail") == 128)
    #expect(tree["\(bank).data.sects[0].data.rings"]?.items.count == 16)
    #expect(tree["rest"]?.payload?.byteCount == UInt64(4096 - 90 - 2298))
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func randomStatesAreSound(seed: UInt64) throws {
    try expectSound(QATState.random(seed: seed).bytes, name)
  }

  @Test func everyCutIsFound() throws {
    try expectEveryCutFound(QATState.sample.bytes, name)
  }

  @Test func rateLimitsCanBeTakenOut() throws {
    var tree = try expectSound(QATState.sample.bytes, name)
    try tree.root.update("state.sections.sects[0].data.sects[2].data.slas") { node in
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
    try tree.root.update("state.sections.sects") { node in
      guard case .list(var items) = node.content else { return }
      items.first.removeLast()
      node.content = .list(items)
    }
    let bytes = try tree.encodedBytes()
    #expect(bytes == QATState.sample.bytes)
  }

  // MARK: What is found

  private func expectOne(
    _ severity: LayoutFinding.Severity, at path: String, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout QATState) -> Void
  ) throws {
    var state = QATState.sample
    change(&state)
    try StateLayoutTests.expectOne(
      severity, at: path, words, in: state.bytes, name, sourceLocation: sourceLocation)
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
      .warning, at: "rest", "zeros", in: QATState.sample.bytes.replacing(1 as UInt8, at: 4095),
      name)
    try StateLayoutTests.expectOne(
      .error, at: "", "1 more", in: QATState.sample.bytes + [0], name)
  }

  @Test func setupOfAnotherSize() throws {
    // The driver compares capabilities whatever their size.
    try expectOne(.warning, at: "setup", "found 94") {
      $0.setup.sections[0].children[0].payload = QATState.integer(0x0123_4567 as UInt64)
    }
  }

  @Test func missingSections() throws {
    try expectOne(.error, at: "state.sections", "found 0, 1 and 1") {
      $0.state.sections.remove(at: 0)
    }
    try expectOne(.error, at: "state.sections", "found 1, 0 and 1") {
      $0.state.sections.remove(at: 1)
    }
    try expectOne(.error, at: "state.sections", "found 1, 1 and 0") {
      $0.state.sections.remove(at: 2)
    }
    for child in 0..<3 {
      try expectOne(.error, at: "state.sections.sects[0].data", "sla, found") {
        $0.state.sections[0].children.remove(at: child)
      }
    }
    for child in 0..<6 {
      try expectOne(.error, at: "state.sections.sects[1].data", "vm2pf, found") {
        $0.state.sections[1].children.remove(at: child)
      }
    }
    for child in 0..<4 {
      try expectOne(.error, at: "state.sections.sects[2].data", "banks 0 to 3") {
        $0.state.sections[2].children.remove(at: child)
      }
    }
    try expectOne(.error, at: "state.sections.sects[2].data.sects[1].data", "mregs, found 0") {
      $0.state.sections[2].children[1].children = []
    }
    for child in 0..<3 {
      var state = QATState.sample
      state.setup.sections[0].children.remove(at: child)
      let tree = try shippedLayout(name).dissect(state.bytes)
      #expect(
        tree.findings.map(\.path) == ["setup.sections.sects[0].data", "setup"],
        "\(tree.findings)")
      #expect(!tree.isSound)
    }
    var state = QATState.sample
    state.setup.sections = []
    let tree = try shippedLayout(name).dissect(state.bytes)
    #expect(tree.findings.first?.message == "expected one section CONFIG, found 0")
  }

  @Test func unknownSections() throws {
    try expectOne(.note, at: "state.sections.sects[3].id", "later") {
      $0.state.sections.append(.init(id: "later", payload: [1, 2, 3]))
    }
  }

  @Test func leavesThatClaimSections() throws {
    try expectOne(.warning, at: "state.sections.sects[0].data.sects[1].sub_sects", "claims 1") {
      $0.state.sections[0].children[1].count = 1
    }
  }

  @Test func sizesThatDoNotAddUp() throws {
    try expectOne(.warning, at: "state.sections.sects[1].data", "does not describe") {
      $0.state.sections[1].payload = []
      $0.state.sections[1].children.append(.init(id: "more", payload: [1]))
      $0.state.sections[1].count = 6
    }
    try expectOne(.error, at: "state.sections.sects[1].data.sects[6].id", "expected 8 bytes") {
      $0.state.sections[1].count = 7
    }
    try expectOne(.error, at: "state.sections.sects[2].data.sects[3].data.sects[0].data", "473") {
      $0.state.sections[2].children[3].children[0].size = 473
    }
  }

  @Test func values() throws {
    let general = "state.sections.sects[0].data.sects"
    try expectOne(.error, at: "\(general)[0].data.value", "one of") {
      $0.state.sections[0].children[0].payload = [2]
    }
    try expectOne(.warning, at: "\(general)[2].data.slas[0].srv", "one of") {
      $0.state.sections[0].children[2].payload[0] = 9
    }
    try expectOne(.warning, at: "\(general)[2].data.slas[0].cir", "up to the peak") {
      $0.state.sections[0].children[2].payload[17] = 9
    }
    try expectOne(.error, at: "\(general)[2].data", "found 5") {
      $0.state.sections[0].children[2].payload = Array(
        repeating: QATState.rateLimit(service: 0, mask: 1, committed: 1, peak: 1), count: 5
      ).flatMap { $0 }
    }
    let bank = "state.sections.sects[2].data.sects[2].data.sects[0].data"
    try expectOne(.error, at: "\(bank).ringexpstat", "no exception") {
      $0.state.sections[2].children[2].children[0].payload[72] = 1
    }
    try expectOne(.warning, at: "\(bank).reserved0", "expected zero") {
      $0.state.sections[2].children[2].children[0].payload[84] = 1
    }
    try expectOne(.warning, at: "\(bank).rings[15].reserved0", "expected 0x0") {
      $0.state.sections[2].children[2].children[0].payload[468] = 1
    }
  }
}
