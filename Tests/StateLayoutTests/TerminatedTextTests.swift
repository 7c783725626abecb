import StateLayout
import StateTestSupport
import Testing

/// Text that ends before its field does, and what stands behind its end.
@Suite struct TerminatedTextTests {
  private static let layout = try? Layout(
    parsing: """
      meta: { id: t, endian: le, encoding: ASCII }
      seq:
        - { id: names, type: name, repeat: expr, repeat-expr: 2 }
        - { id: rest, size-eos: true }
      types:
        name:
          seq:
            - { id: id, type: str, size: 8, pad-right: 0, terminator: 0 }
            - { id: gap, size: 4, -ferry-padding: true }
      """)
  private static let clean = Array("sla\0\0\0\0\0....gencap12....!".utf8).map {
    $0 == UInt8(ascii: ".") ? 0 : $0
  }

  private func tree(_ bytes: [UInt8]) throws -> LayoutTree {
    try #require(Self.layout).dissect(bytes)
  }

  @Test func whatStandsBehindTheEndIsNoPartOfTheText() throws {
    var bytes = Self.clean
    bytes[5] = 0xab
    let tree = try tree(bytes)
    #expect(tree["names[0].id"]?.text == "sla")
    #expect(tree["names[1].id"]?.text == "gencap12")
    #expect(tree.findings.map(\.severity) == [.note])
    #expect(tree.findings.first?.path == "names[0].id")
    #expect(tree.findings.first?.range == 0..<8)
    #expect(try self.tree(Self.clean).findings.isEmpty)
  }

  @Test func severalAreOneNote() throws {
    var bytes = Self.clean
    bytes[7] = 1
    bytes.replaceSubrange(12..<20, with: [0x61, 0, 2, 3, 4, 5, 6, 7])
    let tree = try tree(bytes)
    #expect(tree.findings.count == 1)
    #expect(tree.findings.first?.message.hasSuffix("and of 1 more") == true)
    #expect(tree["names[1].id"]?.text == "a")
  }

  @Test func itIsWrittenAgainUnlessTheTextIsChanged() throws {
    var bytes = Self.clean
    bytes[5] = 0xab
    bytes[9] = 0xcd
    var tree = try tree(bytes)
    #expect(try tree.encode().bytes(from: StateBytes(bytes)) == bytes)
    try tree.root.update("names[0].id") { $0.content = .text("abc") }
    let written = try tree.encode().bytes(from: StateBytes(bytes))
    #expect(written == Array("abc\0\0\0\0\0".utf8) + bytes[8...])
  }

  @Test func scrubbingClearsItAndPadding() throws {
    var bytes = Self.clean
    bytes[4] = 0xab
    bytes[23] = 0xcd
    var tree = try tree(bytes)
    #expect(tree.meaninglessRanges == [3..<8, 20..<24])
    #expect(try tree.scrub() == ["names[0].id", "names[1].gap"])
    #expect(try tree.encode().bytes(from: StateBytes(bytes)) == Self.clean)
    #expect(tree.meaninglessRanges.isEmpty)
    #expect(try tree.scrub().isEmpty)
  }
}
