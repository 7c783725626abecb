import StateLayout
import StateTestSupport
import Testing

/// Rules about the items of a list together, and of one list about another.
@Suite struct ItemRuleTests {
  private func findings(
    _ rules: String, of other: String = "", _ bytes: [UInt8]
  ) throws -> [String] {
    let layout = try Layout(
      parsing: """
        meta: { id: t }
        seq:
          - { id: count, type: u1 }
          - { id: one, type: pair, repeat: expr, repeat-expr: count, -ferry-items: [\(rules)] }
          - { id: two, type: pair, repeat: eos, if: not _io.eof, -ferry-items: [\(other)] }
        types: { pair: { seq: [{ id: a, type: u1 }, { id: b, type: u1 }] } }
        """)
    return layout.dissect(bytes).findings.map { "\($0)" }
  }

  @Test func aReferenceMayPointForwardAndBack() throws {
    let (target, reference) = (
      "{ id: ids, unique: _.a, message: twice }", "{ refers: _.b, to: ids, message: 'no {_.b}' }"
    )
    let bytes: [UInt8] = [2, 1, 3, 2, 4, 3, 1, 4, 2]
    #expect(try findings(reference, of: target, bytes) == [])
    #expect(try findings(target, of: reference, bytes) == [])
    #expect(try findings("\(target), \(reference)", [2, 1, 2, 2, 1]) == [])
    // Items of one list may refer to each other, and the first with each key is named.
    #expect(
      try findings("\(target), \(reference)", [4, 1, 9, 2, 8, 3, 9, 4, 1])
        == ["error: one[0]: no 9", "error: one[1]: no 8"])
    // A list that is not there has no keys.
    #expect(try findings(reference, of: target, [1, 5, 6]) == ["error: one[0]: no 6"])
    #expect(
      try findings(
        "{ refers: _.b, to: ids, message: 'no {_.b}', if: _.a == 0, severity: note }", of: target,
        [2, 5, 6, 0, 7]) == ["note: one[1]: no 7"])
  }

  @Test func whatACutStateRefersToIsNotAsked() throws {
    let found = try findings(
      "{ refers: _.b, to: ids, message: none }", of: "{ id: ids, unique: _.a, message: twice }",
      [1, 1, 2, 3])
    #expect(found.count == 1 && found[0].contains("before the state ends"))
  }

  @Test func groupsAreContiguousEach() throws {
    let rule = "{ contiguous: _.a & 15, end: (_.a & 15) + _.b, by: _.a >> 4, message: gap }"
    #expect(try findings(rule, [5, 0x00, 4, 0x10, 2, 0x04, 0, 0x12, 1, 0x04, 9]) == [])
    #expect(
      try findings(rule, [4, 0x00, 4, 0x05, 2, 0x11, 2, 0x07, 2])
        == [
          "error: one[1]: gap, where what is before it ends at 4",
          "error: one[2]: gap, where what is before it ends at 0",
        ])
  }
}
