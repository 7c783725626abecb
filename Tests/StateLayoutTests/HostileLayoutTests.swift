import StateLayout
import StateTestSupport
import Testing

/// Layouts that ask for more than there is: each ends soon, with a finding.
@Suite struct HostileLayoutTests {
  private func findings(_ text: String, _ bytes: [UInt8]) throws -> [LayoutFinding] {
    let tree = try Layout(parsing: text).dissect(bytes)
    #expect(!tree.isSound)
    return tree.findings
  }

  @Test func aTypeWithinItselfEnds() throws {
    let found = try findings(
      "meta: { id: t }\nseq: [{ id: a, type: t }]\ntypes: { t: { seq: [{ id: a, type: t }] } }", [1]
    )
    #expect(found.contains { $0.message.contains("structures within each other") })
  }

  @Test func itemsWithoutBytesEnd() throws {
    for list in [
      "repeat: eos", "repeat: until, repeat-until: 'false'", "repeat: expr, repeat-expr: 1 << 60",
    ] {
      let found = try findings(
        "meta: { id: t }\nseq: [{ id: a, type: e, \(list) }]\ntypes: { e: { seq: [] } }", [1])
      #expect(found.contains { $0.message.contains("take bytes") })
    }
  }

  @Test func lengthsBeyondTheStateAreFindings() throws {
    for field in [
      "size: 0xffffffffffffffff", "size: -1", "size: 1 << 100",
      "type: u8le, repeat: expr, repeat-expr: 1 << 62",
      "type: u1, repeat: expr, repeat-expr: -1", "type: str, encoding: ASCII, size: 1 << 40",
    ] {
      _ = try findings("meta: { id: t }\nseq: [{ id: a, \(field) }]", [1, 2, 3])
    }
    _ = try findings(
      "meta: { id: t }\nseq: [{ id: a, size-eos: true }]\ninstances: { b: { pos: 1 << 70, size: 1 } }",
      [1])
    _ = try findings(
      "meta: { id: t }\nseq: [{ id: a, size-eos: true }]\ninstances: { b: { pos: 99, size: 1 } }",
      [1])
  }

  @Test func instancesThatDoubleEachOtherAreComputedOnce() throws {
    var text = "meta: { id: t }\nseq: [{ id: a, type: u1 }]\ninstances:\n  i0: { value: a }\n"
    for number in 1...100 { text += "  i\(number): { value: i\(number - 1) + i\(number - 1) }\n" }
    let tree = try Layout(parsing: text).dissect([1])
    #expect(tree.integer("i100") == 1 << 100)
  }

  /// Layouts whose trees or whose work would grow without bound, each with a state.
  @Test(arguments: [
    (
      "fields",
      """
      seq: [{ id: a, type: t }]
      types: { t: { instances: { b: { pos: 0, type: t }, c: { pos: 0, type: t } } } }
      """, 64
    ),
    (
      "fields",
      "seq: [{ id: r, type: l40 }]\ntypes:\n  l0: { seq: [{ id: z, type: u1 }] }\n"
        + (1...40).map {
          "  l\($0): { seq: [{ id: c, type: l\($0 - 1) }], instances: { dup: { value: c } } }\n"
        }.joined(), 64
    ),
    (
      "steps",
      """
      seq: [{ id: a, type: t, repeat: eos }]
      types:
        t:
          seq: [{ id: z, type: u1 }]
          instances: { all: { pos: 0, type: u1, repeat: eos, valid: 1000 } }
      """, 1 << 14
    ),
    (
      "steps",
      """
      seq: [{ id: a, type: t, repeat: expr, repeat-expr: 65536 }]
      types: { t: { seq: [{ id: b, size: 0, repeat: expr, repeat-expr: 65536 }] } }
      """, 64
    ),
  ])
  func whatGrowsWithoutBoundEnds(limit: String, text: String, count: Int) throws {
    let layout = try Layout(parsing: "meta: { id: x, endian: le }\n" + text)
    var limits = DissectionLimits.standard
    limits.stepCount = 1 << 16
    limits.treeNodeCount = limit == "fields" ? 1 << 14 : 1 << 17
    let tree = layout.dissect([UInt8](repeating: 1, count: count), limits: limits)
    #expect(
      tree.findings.contains {
        $0.severity == .error && $0.message.contains("expected at most")
          && $0.message.contains(limit)
      })
    #expect(tree.root.weight < 2 * limits.treeNodeCount)
    #expect(!tree.isSound)
  }

  @Test func anIndexFarOutsideIsAFinding() throws {
    let tree = try Layout(
      parsing: """
        meta: { id: x, endian: le }
        seq: [{ id: a, type: u1, repeat: eos }]
        instances: { e: { value: "a[-(1 << 126) - (1 << 126)]" }, f: { value: "a[1 << 120]" } }
        """
    ).dissect([1, 2, 3])
    #expect(tree["e"] == nil && tree["f"] == nil)
  }

  @Test func manyFieldsAreReadAndFewKept() throws {
    let layout = try Layout(
      parsing: """
        meta: { id: t, endian: le }
        seq: [{ id: a, type: r, repeat: eos, -ferry-items: [{ count: n, if: _.x == 1 }] }]
        types: { r: { seq: [{ id: x, type: u1 }, { id: y, type: u1 }] } }
        -ferry-rules: [{ expect: n == 50000, message: 'found {n}' }]
        """)
    let bytes = [UInt8]((0..<100_000).map { $0 % 2 == 0 ? 1 : 2 })
    var limits = DissectionLimits.standard
    limits.itemCount = 10
    let tree = layout.dissect(bytes, limits: limits)
    #expect(tree.findings == [])
    guard case .list(let items)? = tree["a"]?.content else { return #expect(Bool(false), "a list") }
    #expect(items.count == 50_000 && items.first.count == 10 && items.last.count == 4)
    #expect(items.elided == 20..<99_992 && items.elidedCount == 49_986)
    #expect(tree.integer("a[49999].y") == 2 && tree["a[100]"] == nil)
    #expect(try tree.encode().bytes(from: StateBytes(bytes)) == bytes)
    limits = .standard
    limits.nodeCount = 100
    guard case .list(let few)? = layout.dissect(bytes, limits: limits)["a"]?.content else {
      return #expect(Bool(false), "a list")
    }
    #expect(few.count == 50_000 && few.first.count < 100)
    limits.fieldCount = 1000
    #expect(!layout.dissect(bytes, limits: limits).isComplete)
  }
}

extension LayoutNode {
  /// The fields of the tree as whoever shows it goes through them.
  fileprivate var weight: Int {
    switch content {
    case .record(let fields): fields.reduce(1) { $0 + $1.weight }
    case .list(let items): (items.first + items.last).reduce(1) { $0 + $1.weight }
    default: 1
    }
  }
}
