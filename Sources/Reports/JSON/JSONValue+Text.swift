import ByteIO

extension JSONValue {
  /// The value as JSON (RFC 8259), two spaces a level, empty containers on one line.
  package var text: String {
    var text = ""
    write(to: &text, depth: 0)
    return text
  }

  private func write(to text: inout String, depth: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .string(let value): Self.write(value, to: &text)
    case .array(let items):
      Self.write(items, to: &text, depth: depth, open: "[", close: "]") { item, text in
        item.write(to: &text, depth: depth + 1)
      }
    case .object(let members):
      Self.write(members, to: &text, depth: depth, open: "{", close: "}") { member, text in
        Self.write(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, depth: depth + 1)
      }
    }
  }

  private static func write<T>(
    _ items: [T], to text: inout String, depth: Int, open: String, close: String,
    _ writeItem: (T, inout String) -> Void
  ) {
    guard !items.isEmpty else {
      text += open + close
      return
    }
    text += open
    for (index, item) in items.enumerated() {
      text += index == 0 ? "\n" : ",\n"
      text += String(repeating: "  ", count: depth + 1)
      writeItem(item, &text)
    }
    text += "\n" + String(repeating: "  ", count: depth) + close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20: text += "\\u" + hex(scalar.value, digits: 4)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
