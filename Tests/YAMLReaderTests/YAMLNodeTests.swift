import Testing
import YAMLReader

@Suite struct YAMLNodeTests {
  private func parse(_ text: String) throws(YAMLError) -> YAMLNode {
    try YAMLNode(parsing: [UInt8](text.utf8))
  }

  /// A number of a megabyte is not printed.
  @Test func longTextIsCutInErrors() throws {
    let text = "a: " + String(repeating: "1", count: 1 << 20) + "\n"
    let node = try YAMLNode(parsing: Array(text.utf8)).fields(["a"]).required("a")
    let error = #expect(throws: YAMLError.self) { _ = try node.integer() as Int }
    #expect((error?.message.utf8.count ?? .max) < 1100)
    #expect(error?.message.hasSuffix("…") == true)
  }

  @Test func readsYAMLAndJSONAlike() throws {
    for text in ["a: 0x10\nb: [true, 16KiB]\n", #"{"a": 0x10, "b": [true, "16KiB"]}"#] {
      let fields = try parse(text).fields(["a", "b"])
      #expect(try fields.required("a").integer(in: 0...255) == 16)
      let items = try fields.required("b").items()
      #expect(try items[0].bool())
      #expect(try items[1].byteCount() == 16384)
    }
  }

  @Test(arguments: [
    ("a: [1, 2", YAMLError.Code.syntax, 2, 1),
    ("a: &x 1\nb: *x\n", .syntax, 1, 4),
    ("a: 1\na: 2\n", .value, 2, 1),
    ("? [1]\n: 2\n", .type, 1, 3),
    ("--- 1\n--- 2\n", .syntax, 2, 1),
    ("a: !!int 1\n", .syntax, 1, 4),
    ("", .syntax, 1, 1),
  ])
  func refusalsNameTheirPlace(text: String, code: YAMLError.Code, line: Int, column: Int) {
    let error = #expect(throws: YAMLError.self) { try parse(text) }
    #expect(error?.code == code)
    #expect(error?.mark == YAMLMark(line: line, column: column))
  }

  @Test func aMisspeltKeyNamesTheChoices() throws {
    let error = #expect(throws: YAMLError.self) { try parse("widht: 1").fields(["width"]) }
    #expect(error?.description == "1:1: expected one of width, found 'widht'")
  }

  @Test(arguments: ["-1", "256", "0x", "0x-1", "+1", "1.5", "x", "''", "0x100"])
  func integersOutOfRangeAreRefused(text: String) throws {
    let node = try parse(text)
    #expect(throws: YAMLError.self) { try node.integer(in: 0...255 as ClosedRange<Int>) }
  }

  @Test func depthAndSizeAreBounded() {
    let deep = String(repeating: "[", count: 5000)
    #expect(throws: YAMLError.self) { try parse(deep) }
    let limits = YAMLLimits(byteCount: 10, depth: 4, nodeCount: 3)
    for text in ["[1, 2, 3, 4]", "[1,2,3]"] {
      #expect(throws: YAMLError.self) { try YAMLNode(parsing: [UInt8](text.utf8), limits: limits) }
    }
  }

  @Test(
    arguments: [
      ("4096", 4096), ("0x1000", 4096), ("'4096'", 4096), ("16KiB", 16384), ("16 KiB", 16384),
      ("1MiB", 1 << 20), ("2GiB", 2 << 30), ("1TiB", 1 << 40),
    ] as [(String, UInt64)])
  func sizesAreRead(text: String, count: UInt64) throws {
    #expect(try parse(text).byteCount() == count)
  }

  @Test(arguments: ["16kb", "KiB", "-1", "99999999999TiB", "[1]", "1.5MiB"])
  func otherSizesAreRefused(text: String) throws {
    let node = try parse(text)
    #expect(throws: YAMLError.self) { try node.byteCount() }
  }

  /// Each accessor refuses the kinds of nodes that it is not for, at the node's own place.
  @Test func aNodeOfAnotherKindIsRefusedAtItsPlace() throws {
    let fields = try parse("a: text\nb: [1]\nc: { d: 1 }\n").fields(["a", "b", "c"])
    let refusals: [(YAMLError?, Int)] = [
      (#expect(throws: YAMLError.self) { try fields.required("a").items() }, 1),
      (#expect(throws: YAMLError.self) { try fields.required("a").entries() }, 1),
      (#expect(throws: YAMLError.self) { try fields.required("a").bool() }, 1),
      (#expect(throws: YAMLError.self) { try fields.required("b").string() }, 2),
      (#expect(throws: YAMLError.self) { try fields.required("c").integer() as Int }, 3),
    ]
    for (error, line) in refusals {
      #expect(error?.code == .type)
      #expect(error?.mark == YAMLMark(line: line, column: 4))
    }
  }

  @Test(arguments: ["", "~", "null", "Null", "NULL"])
  func aKeyWithoutValueIsMissing(text: String) throws {
    let fields = try parse("a: \(text)\n").fields(["a"])
    #expect(fields["a"] == nil)
    let error = #expect(throws: YAMLError.self) { try fields.required("a") }
    #expect(error?.code == .missing)
  }

  /// Quotes make text of whatever looks like something else.
  @Test(arguments: ["'true'", "\"1\"", "'null'", "'~'"])
  func aQuotedScalarIsText(text: String) throws {
    let node = try parse(text)
    #expect(!node.isNull)
    #expect(throws: YAMLError.self) { try node.bool() }
    #expect(throws: YAMLError.self) { try node.integer() as Int }
    #expect(try node.string() == String(text.dropFirst().dropLast()))
  }
}
