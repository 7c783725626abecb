/// The value of an expression.
enum Value {
  case integer(Int128)
  case boolean(Bool)
  case text(String)
  case bytes(Payload)
  case node(LayoutNode)

  init(_ node: LayoutNode) { self = node.value }

  var kind: String {
    switch self {
    case .integer: "an integer"
    case .boolean: "a truth value"
    case .text: "text"
    case .bytes: "bytes"
    case .node(let node): node.isRecord ? "a structure" : "an array"
    }
  }

  /// The number of items, or bytes in memory, that it has.
  var itemCount: Int {
    switch self {
    case .integer, .boolean: 0
    case .text(let text): text.utf8.count
    case .bytes(let payload): payload.loadedBytes?.count ?? 0
    case .node(let node): node.list?.first.count ?? 0
    }
  }

  // As much of a text as a finding has room for.
  private static let shownCharacterCount = 256

  /// As people read it.
  func text(isHexadecimal: Bool) -> String {
    switch self {
    case .integer(let value):
      isHexadecimal ? "0x" + String(value, radix: 16) : "\(value)"
    case .boolean(let value): "\(value)"
    case .text(let text):
      text.utf8.count > Self.shownCharacterCount
        ? "'\(text.prefix(Self.shownCharacterCount))…'" : "'\(text)'"
    case .bytes(let payload): "\(payload.byteCount) bytes"
    case .node: kind
    }
  }
}

extension Value {
  /// The key that distinguishes an item from others.
  enum Key: Hashable {
    case integer(Int128)
    case text(String)
  }

  var key: Key {
    get throws(EvaluationProblem) {
      switch self {
      case .integer(let value): return .integer(value)
      case .boolean(let value): return .integer(value ? 1 : 0)
      case .text(let text): return .text(text)
      default: throw EvaluationProblem("expected an integer or text, found \(kind)")
      }
    }
  }
}

/// Why an expression has no value.
struct EvaluationProblem: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
