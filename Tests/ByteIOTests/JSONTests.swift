import ByteIO
import Foundation
import TestSupport
import Testing

@Suite struct JSONTests {
  @Test func objectsKeepTheirOrderAndLeaveOutWhatIsNil() {
    let name: String? = nil
    let value: JSONValue = [
      "b": .number(UInt64.max), "a": [.bool(true), .number(-1 as Int8)], "none": .optional(name),
      "absent": name.map { .string($0) }, "empty": [:], "list": [],
    ]
    #expect(
      value.text == """
        {
          "b": 18446744073709551615,
          "a": [
            true,
            -1
          ],
          "none": null,
          "empty": {},
          "list": []
        }
        """)
    #expect(
      value.line
        == #"{"b": 18446744073709551615, "a": [true, -1], "none": null, "empty": {}, "list": []}"#)
    #expect(value["a"] == .array([.bool(true), .integer(-1)]))
    #expect(value["absent"] == nil)
  }

  @Test(arguments: [
    ("a\"b\\c/", #""a\"b\\c/""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1b}", #""\u0000\u001b""#),
    ("\u{7f}\u{9b}\u{ad}", #""\u007f\u009b\u00ad""#),
    ("\u{2028}\u{202e}\u{feff}", #""\u2028\u202e\ufeff""#),
    ("\u{fffe}\u{ffff}", #""\ufffe\uffff""#), ("é漢🚢", "\"é漢🚢\""),
  ])
  func whatATerminalOrYAMLDoesNotTakeIsEscaped(text: String, expected: String) {
    #expect(JSONValue.string(text).text == expected)
  }

  /// A value of every kind, `depth` levels deep at most.
  private func value(using random: inout SplitMix64, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: .null
    case 1: .bool(Bool.random(using: &random))
    case 2: .number(Int64.random(in: .min ... .max, using: &random))
    case 3, 4: .string(text(using: &random))
    case 5:
      .array(
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in
          value(using: &random, depth: depth - 1)
        })
    default:
      .object(
        (0..<Int.random(in: 0..<4, using: &random)).map { index in
          .init("\(index)" + text(using: &random), value(using: &random, depth: depth - 1))
        })
    }
  }

  /// A text with as many scalars that need an escape as others.
  private func text(using random: inout SplitMix64) -> String {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      let bound: UInt32 = [0x30, 0x100, 0x3000, 0x11_0000].randomElement(using: &random) ?? 0x30
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &random)) {
        text.append(scalar)
      }
    }
    return String(text)
  }

  @Test(arguments: seeds(200))
  func anotherParserReadsTheSameValue(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let value = value(using: &random, depth: 4)
    for text in [value.text, value.line] {
      let parsed = try JSONSerialization.jsonObject(
        with: Data(text.utf8), options: .fragmentsAllowed)
      #expect(value.isSame(as: parsed), "\(text)")
      #expect(text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0a })
    }
    #expect(!value.line.contains("\n"))
  }

  @Test(arguments: seeds(50))
  func piecesAreTheWhole(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let items = (0..<5).map { _ in value(using: &random, depth: 2) }
    var writer = JSONWriter()
    var text = ""
    writer.beginObject()
    writer.key("items")
    writer.beginArray()
    for item in items {
      writer.write(item)
      if Bool.random(using: &random) { text += writer.take() }
    }
    writer.endArray()
    writer.endObject()
    #expect(text + writer.take() == JSONValue.object([.init("items", .array(items))]).text)
    #expect(writer.pendingByteCount == 0)
  }
}

extension JSONValue {
  /// Whether Foundation's parser gives the same value.
  fileprivate func isSame(as parsed: Any) -> Bool {
    switch self {
    case .null: parsed is NSNull
    case .bool(let value): parsed as? Bool == value
    case .integer(let value): (parsed as? NSNumber)?.int64Value == Int64(value)
    case .string(let text):
      (parsed as? String).map { $0.unicodeScalars.elementsEqual(text.unicodeScalars) } ?? false
    case .array(let items):
      (parsed as? [Any]).map { others in
        items.count == others.count && zip(items, others).allSatisfy { $0.isSame(as: $1) }
      } ?? false
    case .object(let members):
      (parsed as? [String: Any]).map { others in
        members.count == others.count
          && members.allSatisfy { member in
            others[member.key].map { member.value.isSame(as: $0) } ?? false
          }
      } ?? false
    }
  }
}
