/// Writes JSON (RFC 8259) piece by piece, for what is too large to be held as a value.
///
/// What it has written so far is taken away at any time, so its memory need not follow the length
/// of the text. It is the only writer of JSON: every report and every trace has its spacing and its
/// escapes.
///
/// - Precondition: keys and values come in the order that JSON wants, and every container ends.
public struct JSONWriter: Sendable {
  private var text = ""
  private let isOnOneLine: Bool
  // For each open container whether it has content.
  private var containers: [Bool] = []
  private var isBehindKey = false

  /// A writer with two spaces a level, or of one line.
  public init(onOneLine: Bool = false) {
    isOnOneLine = onOneLine
  }

  /// The bytes of UTF-8 that were written and not yet taken.
  public var pendingByteCount: Int { text.utf8.count }

  /// The text since the last time it was taken.
  public mutating func take() -> String {
    defer { text = "" }
    return text
  }

  /// Begins an object as the next value.
  public mutating func beginObject() { begin("{") }
  /// Ends the innermost container, an object.
  public mutating func endObject() { end("}") }
  /// Begins an array as the next value.
  public mutating func beginArray() { begin("[") }
  /// Ends the innermost container, an array.
  public mutating func endArray() { end("]") }

  /// Names the value that comes next.
  public mutating func key(_ name: String) {
    separate()
    write(name)
    text += ": "
    isBehindKey = true
  }

  /// Writes a whole value.
  public mutating func write(_ value: JSONValue) {
    switch value {
    case .array(let items):
      beginArray()
      for item in items { write(item) }
      endArray()
    case .object(let members):
      beginObject()
      write(members: members)
      endObject()
    default:
      separate()
      switch value {
      case .bool(let value): text += value ? "true" : "false"
      case .integer(let value): text += String(value)
      case .string(let value): write(value)
      default: text += "null"
      }
    }
  }

  /// Writes members of the object that is open.
  public mutating func write(members: [JSONValue.Member]) {
    for member in members {
      key(member.key)
      write(member.value)
    }
  }

  // MARK: Parts

  private mutating func begin(_ bracket: String) {
    separate()
    text += bracket
    containers.append(false)
  }

  private mutating func end(_ bracket: String) {
    precondition(!isBehindKey, "a key has a value")
    if containers.popLast() == true, !isOnOneLine { breakLine() }
    text += bracket
  }

  /// What stands before a key or a value: nothing behind a key, else a comma and a new line.
  private mutating func separate() {
    if isBehindKey {
      isBehindKey = false
      return
    }
    guard let hasContent = containers.popLast() else { return }
    containers.append(true)
    if hasContent { text += isOnOneLine ? ", " : "," }
    if !isOnOneLine { breakLine() }
  }

  private mutating func breakLine() {
    text += "\n" + String(repeating: "  ", count: containers.count)
  }

  /// A text in quotes. Escaped is what JSON, YAML (1.1, 5.1) or a terminal does not take as text.
  private mutating func write(_ string: String) {
    text += "\""
    if string.utf8.allSatisfy({ (0x20..<0x7f).contains($0) && $0 != 0x22 && $0 != 0x5c }) {
      text += string
    } else {
      for scalar in string.unicodeScalars { write(scalar) }
    }
    text += "\""
  }

  private mutating func write(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.isEscapedInJSON: text += "\\u" + hex(scalar.value, digits: 4)
    default: text.unicodeScalars.append(scalar)
    }
  }
}

extension Unicode.Scalar {
  /// Beyond U+FFFF an escape takes two halves, which YAML does not read: such scalars stay.
  fileprivate var isEscapedInJSON: Bool {
    guard value < 0x1_0000 else { return false }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return value == 0xfffe || value == 0xffff
    }
  }
}
