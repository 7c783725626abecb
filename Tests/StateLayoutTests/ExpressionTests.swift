import StateLayout
import StateTestSupport
import Testing

/// Expressions as layouts use them: each is the value of an instance beside a few fields.
@Suite struct ExpressionTests {
  private static func value(of expression: String) throws -> LayoutNode? {
    let quoted = expression.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "''")
    let layout = try Layout(
      parsing: """
        meta: { id: t, endian: le }
        seq:
          - { id: a, type: u1, enum: kind }
          - { id: b, type: s2 }
          - { id: words, type: u4, repeat: expr, repeat-expr: 2 }
          - { id: bytes, size: 3 }
          - { id: name, type: str, size: 4, pad-right: 0, encoding: ASCII }
          - { id: inner, type: inner }
          - { id: rest, size-eos: true }
        types:
          inner:
            seq: [{ id: size, type: u1 }]
            instances: { up: { value: '_parent.a + _root.b' } }
        enums: { kind: { 7: seven, 0x10: sixteen } }
        instances:
          other: { value: 'a + 1' }
          around: { value: 'other + around' }
          result: { value: '\(quoted)' }
        """)
    let tree = layout.dissect(
      [7, 0xfe, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 5, 200, 9] + Array("abc\0".utf8) + [
        42, 1, 2,
      ])
    #expect(tree.isSound)
    return tree["result"]
  }

  @Test(
    arguments: [
      ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 3 - 2", 5), ("7 / 2", 3), ("-7 / 2", -4),
      ("-7 % 3", 2),
      ("1 << 4 | 1", 17), ("0xff & 0x0f ^ 1", 14), ("~0", -1), ("- -3", 3),
      ("0b101 + 0o17 + 1_000", 1020),
      ("1 < 2 ? 10 : 20", 10), ("1 > 2 ? 10 : 2 > 1 ? 30 : 40", 30),
      ("not (1 == 2) and 2 != 3 ? 1 : 0", 1),
      ("1 == 2 or 3 >= 3 ? 1 : 0", 1), ("false ? 1 : 0", 0), ("a", 7), ("b", -2), ("a.to_i + b", 5),
      ("a == kind::seven ? 1 : 0", 1), ("kind::sixteen", 16), ("words[1]", 0xffff_ffff),
      ("words.size", 2),
      ("words.first", 1), ("words.last - words[1]", 0), ("words.max", 0xffff_ffff),
      ("words.min", 1),
      ("(words[1] << 32) | words[0]", 0xffff_ffff_0000_0001), ("bytes.size", 3),
      ("bytes.length", 3),
      ("bytes[1]", 200), ("bytes.max - bytes.min", 195), ("bytes.first + bytes.last", 14),
      ("bytes == [5, 200, 9] ? 1 : 0", 1), ("name == 'abc' ? 1 : 0", 1),
      ("name == \"abc\" ? 1 : 0", 1),
      ("name.length", 3), ("name.substring(1, 3) == 'bc' ? 1 : 0", 1), ("'12'.to_i", 12),
      ("other * 2", 16),
      ("inner.size", 42), ("inner.up", 5), ("_io.size", 21), ("_io.pos", 21),
      ("_io.eof ? 1 : 0", 1),
      ("_root.a", 7), ("rest.size", 2), ("18446744073709551615 + 1", 18_446_744_073_709_551_616),
    ] as [(String, Int128)])
  func hasItsValue(_ expression: String, _ value: Int128) throws {
    #expect(try Self.value(of: expression)?.integer == value)
  }

  /// Those without a value leave their instance out, and never end the process.
  @Test(arguments: [
    "1 / 0", "1 % (a - 7)", "1 << 128", "1 << -1", "1 >> -1", "words[2]", "words[-1]", "bytes[3]",
    "name + 1", "name < 'abd'", "words == 1", "inner == 1", "around", "result", "'x'.to_i",
    "name.substring(2, 9)",
    "(1 << 126) * 4", "(1 << 126) + (1 << 126)", "-(0 - (1 << 126) - (1 << 126))", "inner.name",
    "_parent.a", "_index",
    "_", "[].max", "18446744073709551615 * 18446744073709551615 * 18446744073709551615",
  ])
  func hasNoValue(_ expression: String) throws {
    #expect(try Self.value(of: expression) == nil)
  }

  @Test func nestingIsBounded() throws {
    for (open, close) in [("(", ")"), ("-", ""), ("not ", ""), ("1 ? ", " : 2"), ("~", "")] {
      let text =
        String(repeating: open, count: 4000) + "1" + String(repeating: close, count: 4000)
      #expect(throws: LayoutError.self) { try Self.value(of: text) }
    }
    #expect(throws: LayoutError.self) {
      try Self.value(of: String(repeating: "1 + ", count: 4000) + "1")
    }
  }
}
