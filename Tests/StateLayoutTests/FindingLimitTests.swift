import StateLayout
import Testing

/// What is kept of more findings than a reader wants.
@Suite struct FindingLimitTests {
  private func tree(_ notes: [UInt8], _ errors: [UInt8]) throws -> LayoutTree {
    let layout = try Layout(
      parsing: """
        meta: { id: t }
        seq:
          - id: n
            type: u1
            repeat: expr
            repeat-expr: \(notes.count)
            valid: { any-of: [0, 9] }
            -ferry-severity: note
          - id: e
            type: kind
            repeat: eos
            -ferry-items: [{ unique: _.a, if: _.a > 0, message: "expected {_.a} once" }]
        types: { kind: { seq: [{ id: a, type: u1, enum: kinds, valid: { in-enum: true } }] } }
        enums: { kinds: { 0: none, 7: seven } }
        """)
    var limits = DissectionLimits.standard
    limits.findingCount = 4
    return layout.dissect(notes + errors, limits: limits)
  }

  @Test func theFirstAreKeptAndTheOthersCounted() throws {
    let tree = try tree([1, 0, 2, 9, 3, 4, 5, 6], [])
    #expect(
      tree.findings.map { "\($0)" }
        == [
          "note: n[0]: expected one of 0, 9, found 1", "note: n[2]: expected one of 0, 9, found 2",
          "note: n[4]: expected one of 0, 9, found 3", "note: n[5]: expected one of 0, 9, found 4",
        ])
    #expect(tree.moreFindings == 2)
    #expect(tree.isSound)
  }

  @Test func errorsTakeThePlacesOfNotes() throws {
    let tree = try tree([1, 1, 1, 1, 1], [7, 0, 7, 5])
    #expect(
      tree.findings.map { "\($0)" }
        == [
          "note: n[2]: expected one of 0, 9, found 1", "note: n[3]: expected one of 0, 9, found 1",
          "error: e[2]: expected 7 once",
          "error: e[3].a: expected one of 0 (none), 7 (seven), found 5",
        ])
    #expect(tree.moreFindings == 3)
    #expect(!tree.isSound)
  }

  @Test func ofErrorsAloneTheFirstAreKept() throws {
    let tree = try tree([1, 1, 1, 1], [1, 2, 3, 4, 5, 5, 7, 7])
    #expect(tree.findings.map(\.path) == ["e[0].a", "e[1].a", "e[2].a", "e[3].a"])
    #expect(tree.moreFindings == 8)
  }
}
