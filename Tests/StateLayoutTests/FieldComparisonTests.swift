import ByteIO
import StateLayout
import StateTestSupport
import TestSupport
import Testing

@Suite struct FieldComparisonTests {
  private func compare(
    _ layout: Layout, _ left: [UInt8], _ right: [UInt8], limits: DissectionLimits = .standard
  ) -> FieldComparison {
    layout.dissect(left, limits: limits).differences(
      from: layout.dissect(right, limits: limits), source: StateBytes(left),
      otherSource: StateBytes(right))
  }

  private func layout(_ seq: String) throws -> Layout {
    try Layout(
      parsing: """
        meta: { id: t, endian: le, encoding: ASCII }
        seq: [\(seq)]
        types:
          pair: { seq: [{ id: a, type: u1 }, { id: b, type: u1 }] }
        """)
  }

  @Test func fieldsHavePathsAndValuesOfBothSides() throws {
    let layout = try layout("{ id: n, type: u2 }, { id: pairs, type: pair, repeat: eos }")
    let found = compare(layout, [1, 0, 10, 11, 12, 13], [2, 0, 10, 11, 12, 14])
    #expect(found.differences.map(\.path) == ["n", "pairs[1].b"])
    #expect(found.differences.map { $0.left.map(\.integer) } == [[1], [13]])
    #expect(found.differences.map { $0.right.map(\.integer) } == [[2], [14]])
    #expect(found.differences.allSatisfy { $0.ranges == nil && $0.lastItem == nil })
    #expect(compare(layout, [1, 0], [1, 0]).count == 0)
  }

  @Test func integersOfAnArrayAreToldInRuns() throws {
    let layout = try layout("{ id: words, type: u1, repeat: eos }")
    let found = compare(layout, [1, 2, 3, 4, 5], [1, 9, 9, 4, 9])
    #expect(found.differences.map(\.path) == ["words[1]", "words[4]"])
    #expect(found.differences.map(\.lastItem) == [2, nil])
    #expect(found.groups == [found.groups[0]] && found.groups[0].name == "words[]")
    #expect(found.groups[0].count == 2)
  }

  @Test func anItemOfOneSideAloneIsOneDifference() throws {
    let layout = try layout("{ id: pairs, type: pair, repeat: eos }")
    let found = compare(layout, [1, 2], [1, 2, 3, 4, 5, 6])
    #expect(found.differences.map(\.path) == ["pairs[1]"])
    #expect(found.differences[0].left.isEmpty && found.differences[0].right.count == 2)
    #expect(found.differences[0].lastItem == 2)
  }

  @Test func bytesSayWhichOfThemDiffer() throws {
    let layout = try layout("{ id: n, type: u2 }, { id: blob, size-eos: true }")
    var left: [UInt8] = [0, 0] + Array(repeating: 7, count: 500)
    var right = left
    left[12] = 1
    right[13] = 1
    right += [1]
    for limits in [DissectionLimits.standard, DissectionLimits(fieldByteCount: 16)] {
      let found = compare(layout, left, right, limits: limits)
      #expect(found.differences.map(\.path) == ["blob"])
      #expect(found.differences[0].ranges?.ranges == [10..<12, 500..<501])
    }
  }

  @Test func itemsThatAreNotKeptAreComparedAsBytes() throws {
    let layout = try layout("{ id: pairs, type: pair, repeat: eos }")
    var left = [UInt8](repeating: 0, count: 200)
    let right = left
    left[101] = 1
    let limits = DissectionLimits(itemCount: 8)
    let found = compare(layout, left, right, limits: limits)
    #expect(found.differences.map(\.path) == ["pairs[8]"])
    #expect(found.differences[0].lastItem == 99)
    #expect(found.differences[0].ranges?.ranges == [85..<86])
    #expect(compare(layout, right, right, limits: limits).count == 0)
  }

  @Test func whatStandsBehindTheEndOfATextCounts() throws {
    let layout = try layout("{ id: name, type: str, size: 4, terminator: 0 }")
    #expect(compare(layout, [65, 0, 1, 0], [65, 0, 2, 0]).differences.map(\.path) == ["name"])
  }

  @Test func differencesBeyondTheFirstAreCounted() throws {
    let layout = try layout("{ id: pairs, type: pair, repeat: eos }")
    let count = FieldComparison.capacity + 500
    let left = [UInt8](repeating: 0, count: 2 * count)
    let right = [UInt8](repeating: 1, count: 2 * count)
    let found = compare(layout, left, right)
    #expect(found.differences.count == FieldComparison.capacity)
    #expect(found.count == UInt64(2 * count))
    #expect(found.groups.map(\.name) == ["pairs[].a", "pairs[].b"])
  }

  /// Whatever byte of a state is changed, some field differs, and an equal state has none.
  @Test(arguments: LayoutCase.all)
  func everyByteIsAFieldsOwn(_ state: LayoutCase) throws {
    let layout = try ShippedLayoutTests.layout(state.name)
    let bytes = try RandomState.bytes(of: state.name, seed: state.seed)
    #expect(compare(layout, bytes, bytes).count == 0)
    var random = SplitMix64(seed: state.seed)
    for _ in 0..<8 {
      let place = Int.random(in: bytes.indices, using: &random)
      var changed = bytes
      changed[place] ^= UInt8.random(in: 1...255, using: &random)
      #expect(compare(layout, bytes, changed).count > 0, "byte \(place)")
    }
  }
}
