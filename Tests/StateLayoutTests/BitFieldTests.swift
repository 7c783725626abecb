import StateLayout
import StateTestSupport
import Testing

@Suite struct BitFieldTests {
  @Test(
    arguments: [("be", [0b101, 0b1_0110, 0x7ff, 1]), ("le", [0b110, 0b1_0110, 0x3ff, 0])]
      as [(String, [Int128])])
  func bitsAreCountedAsTheLayoutSays(_ order: String, _ values: [Int128]) throws {
    let layout = try Layout(
      parsing: """
        meta: { id: t, bit-endian: \(order) }
        seq:
          - { id: a, type: b3 }
          - { id: b, type: b5 }
          - { id: c, type: b11 }
          - { id: d, type: b5 }
          - { id: e, type: u1 }
        """)
    let bytes: [UInt8] = [0b1011_0110, 0xff, 0b1110_0001, 9]
    var tree = layout.dissect(bytes)
    #expect(tree.isSound && tree.integer("e") == 9)
    #expect(tree.integer("a") == values[0] && tree.integer("b") == values[1])
    #expect(tree["a"]?.range == 0..<1 && tree["c"]?.range == 1..<3)
    #expect(try tree.encodedBytes() == bytes)
    for (name, width) in [("a", 3), ("b", 5), ("c", 11), ("d", 5)] {
      for value in [0, 1, (1 << width) - 1] {
        try tree.set(name, to: value)
        #expect(layout.dissect(try tree.encodedBytes()).integer(name) == Int128(value))
      }
      try tree.set(name, to: 1 << width)
      #expect(throws: LayoutError.self) { try tree.encode() }
      try tree.set(name, to: 0)
    }
  }
}
