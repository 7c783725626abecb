import StateLayout
import StateTestSupport
import Testing
import YAMLReader

@Suite struct LayoutReadingTests {
  private static func file(_ field: String) -> String {
    """
    meta: { id: t, endian: le }
    seq:
      - { id: n, type: u1 }
      - { id: x, \(field) }
    """
  }

  private static func items(_ rules: String) -> String {
    file("type: u1, repeat: eos, -ferry-items: [\(rules)]")
  }

  /// Features of Kaitai Struct that are outside of the subset, and how the refusal names them.
  static let refused: [(text: String, name: String)] = [
    (file("type: f4"), "floating-point"),
    (file("type: strz"), "strz"),
    (file("type: 'foo(1)'"), "parameters"),
    (file("size: 4, process: zlib"), "process"),
    (file("size: 4, terminator: 0"), "terminator"),
    (file("size-eos: true, type: str, encoding: ASCII, terminator: 0"), "terminator"),
    (file("size: 4, type: str, encoding: UTF-16LE"), "UTF-16LE"),
    (file("type: u1, io: _root._io"), "io"),
    (file("type: u1, if: 'n.as<u1> == 1'"), ".as<>"),
    (file("type: u1, if: 'sizeof<u4> == 1'"), "sizeof"),
    (file("type: u1, if: 'n > 1.5'"), "floating-point"),
    (file("type: u1, if: '_io.foo'"), "_io"),
    (file("type: u1, if: 'n.reverse() == 1'"), "reverse"),
    (file("type: u1, if: '_parent._io.eof'"), "_io.eof"),
    (file("type: b3"), "bit fields"),
    (file("type: { switch-on: n, cases: { 1: u1 } }"), "case '_'"),
    ("meta: { id: t, imports: [a] }\nseq: []", "imports"),
    ("meta: { id: t, ks-opaque-types: true }\nseq: []", "opaque"),
    ("meta: { id: t, endian: { switch-on: 1, cases: {} } }\nseq: []", "endianness"),
    ("meta: { id: t }\nparams: []\nseq: []", "params"),
    ("meta: { id: t }\nto-string: '1'\nseq: []", "to-string"),
    ("meta: { id: t }\nseq: []\ninstances: { a: { type: u1 } }", "pos or value"),
  ]

  @Test(arguments: refused)
  func whatIsOutsideOfTheSubsetIsRefusedByName(_ feature: (text: String, name: String)) {
    let error = #expect(throws: LayoutError.self) { try Layout(parsing: feature.text) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(feature.name) == true, "\(error?.message ?? "")")
    guard case .text(let mark)? = error?.place else { return #expect(Bool(false), "has a place") }
    #expect(mark.line >= 1)
  }

  @Test(arguments: [
    "", "[]", "meta: {}", "meta: { id: T }\nseq: []", "seq: []", "meta: { id: t }\nseq: 1",
    "meta: { id: t }\ncolour: red", "meta: { id: t }\n-ferry-colour: red",
    file("type: u3"), file("type: nothing"), file("type: u1, enum: nothing"), file("colour: red"),
    file("size: 1, size-eos: true"), file("type: u1, size: 1"), file("size: 'm'"),
    file("size: '1 +'"),
    file("size: '(1'"), file("size: \"'a\""), file("size: 'a::b'"),
    file("size: 99999999999999999999"),
    file("type: u1, repeat: expr"), file("type: u1, repeat: always"), file("type: b0"),
    file("type: b65"),
    file("type: u1, valid: { in-enum: true }"), file("type: str, size: 1"), file("doc: nothing"),
    "meta: { id: t }\nseq: [{ id: a, type: u2 }]",
    "meta: { id: t }\nseq: [{ id: a, type: u1 }, { id: a, type: u1 }]",
    "meta: { id: t }\nseq: []\nenums: { e: { x: y } }",
    "meta: { id: t }\nseq: []\n-ferry-detect: [{ certainty: sure, reason: x }]",
    "meta: { id: t }\nseq: []\n-ferry-rules: [{ expect: true, message: 'a {b' }]",
    "meta: { id: t }\nseq: []\n-ferry-rules: [{ id: A, expect: true, message: a }]",
    items("{ first: _, message: a }"), items("{ contiguous: _, message: a }"),
    items("{ refers: _, message: a }"), items("{ refers: _, to: b, message: a }"),
    items("{ id: b, ascending: _, message: a }, { refers: _, to: b, message: a }"),
    items("{ id: b, unique: _ }"),
  ])
  func whatIsNoLayoutIsRefused(_ text: String) {
    let error = #expect(throws: LayoutError.self) { try Layout(parsing: text) }
    #expect(error?.code != .unsupported)
  }

  @Test func keysOfOthersArePassedOver() throws {
    let layout = try Layout(
      parsing: "meta: { id: t, -x: 1 }\n-y: { z: [] }\nseq: [{ id: a, type: u1, -webide-x: 1 }]")
    #expect(layout.dissect([1]).isSound)
  }

  @Test func anErrorHasItsLineAndColumn() {
    let error = #expect(throws: LayoutError.self) {
      try Layout(parsing: "meta:\n  id: t\nseq:\n  - id: a\n    type: u1\n    if: b == 1\n")
    }
    #expect(error?.description.hasPrefix("6:9: in 'b == 1': expected a field") == true)
  }
}
