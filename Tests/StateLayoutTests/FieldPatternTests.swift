import StateLayout
import Testing

@Suite struct FieldPatternTests {
  private func tree(_ limits: DissectionLimits = .standard) throws -> LayoutTree {
    let layout = try Layout(
      parsing: """
        meta: { id: t, endian: le }
        seq:
          - { id: n, type: u1 }
          - { id: pairs, type: pair, repeat: eos }
        types:
          pair: { seq: [{ id: a, type: u1 }, { id: b, type: u1, repeat: expr, repeat-expr: 2 }] }
        """)
    return layout.dissect([9] + (1...30).map { UInt8($0) }, limits: limits)
  }

  @Test(
    arguments: [
      ("n", ["n"]), ("pairs[3]", ["pairs[3]"]), ("pairs[3].b[1]", ["pairs[3].b[1]"]),
      ("pairs[9].b[]", ["pairs[9].b[0]", "pairs[9].b[1]"]), ("pairs", ["pairs"]),
    ])
  func aPatternNamesFields(_ text: String, _ paths: [String]) throws {
    #expect(try tree().fields(FieldPattern(text)).map(\.path) == paths)
  }

  @Test func emptyBracketsStandForEveryItem() throws {
    let found = try tree().fields(FieldPattern("pairs[].a"))
    #expect(found.count == 10 && found[9].path == "pairs[9].a")
    #expect(found.map(\.node.integer) == (0..<10).map { Int128(3 * $0 + 1) })
  }

  @Test(
    arguments: [
      ("m", "expected one of n, pairs, found no 'm'"),
      ("pairs[].c", "expected one of a, b in pairs[0], found no 'c'"),
      ("pairs[10]", "expected one of 10 items, found no [10]"),
      ("n[0]", "expected an array, found another field"),
      ("n.a", "expected a field that has fields, found one of none, and no 'a'"),
    ])
  func whatIsNotThereIsAnErrorWithWhatIs(_ text: String, _ message: String) throws {
    let tree = try tree()
    let error = #expect(throws: LayoutError.self) { try tree.fields(FieldPattern(text)) }
    #expect(error?.code == .path && error?.message == message)
  }

  @Test func anItemThatWasOnlyReadIsNotFound() throws {
    let tree = try tree(DissectionLimits(itemCount: 2))
    #expect(try tree.fields(FieldPattern("pairs[].a")).map(\.path).last == "pairs[9].a")
    let error = #expect(throws: LayoutError.self) { try tree.fields(FieldPattern("pairs[3]")) }
    #expect(error?.message.contains("only read") == true)
  }

  @Test(arguments: ["", ".", "a..b", "a[", "a[x]", "a[-1]", "[0]", "a[0]b", "a]"])
  func whatIsNoPathIsRefused(_ text: String) throws {
    let tree = try tree()
    #expect(throws: LayoutError.self) { try tree.fields(FieldPattern(text)) }
  }
}
