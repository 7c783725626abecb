/// A JSON value whose objects keep their order, so that a report reads the same every time.
package indirect enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(UInt64)
  case string(String)
  case array([JSONValue])
  case object([Member])

  package struct Member: Sendable, Hashable {
    package let key: String
    package let value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  package static func number(_ value: some BinaryInteger) -> Self {
    .integer(UInt64(clamping: value))
  }

  package static func optional(_ text: String?) -> Self { text.map { .string($0) } ?? .null }

  /// The value of a member of an object.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}
