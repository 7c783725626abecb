/// A value of JSON (RFC 8259) whose objects keep their order, so that it reads the same every time.
///
/// In a literal a member whose value is `nil` is absent, and one that is `.null` is there:
///
///     let value: JSONValue = ["index": .number(index), "name": .optional(name), "window": nil]
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number without a fraction. Ferry writes no other.
  case integer(Int128)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A member of an object. The writer does not check that keys are unique.
  public struct Member: Sendable, Hashable {
    /// The name.
    public let key: String
    /// The value under it.
    public let value: JSONValue

    /// A member with this name.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// A number of any integer type of at most 128 bits with a sign.
  public static func number(_ value: some BinaryInteger) -> Self {
    .integer(Int128(truncatingIfNeeded: value))
  }

  /// A text, or null if there is none.
  public static func optional(_ text: String?) -> Self { text.map { .string($0) } ?? .null }

  /// A number, or null if there is none.
  public static func optional(_ number: (some BinaryInteger)?) -> Self {
    number.map { .number($0) } ?? .null
  }

  /// An array of texts.
  public static func strings(_ texts: some Sequence<String>) -> Self {
    .array(texts.map { .string($0) })
  }

  /// The value of a member of an object; nil if there is none with this name.
  public subscript(key: String) -> JSONValue? {
    members.first { $0.key == key }?.value
  }

  /// An object with the members of two objects, those of `other` behind the others.
  ///
  /// What is no object has no members.
  public func merged(with other: JSONValue) -> JSONValue {
    .object(members + other.members)
  }

  /// The members of an object; none of any other value.
  public var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }

  /// The value as text, two spaces a level, empty containers on one line; no line feed at its end.
  public var text: String {
    var writer = JSONWriter()
    writer.write(self)
    return writer.take()
  }

  /// The value on one line.
  public var line: String {
    var writer = JSONWriter(onOneLine: true)
    writer.write(self)
    return writer.take()
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  /// An object of the members that are not nil.
  public init(dictionaryLiteral members: (String, JSONValue?)...) {
    self = .object(members.compactMap { key, value in value.map { Member(key, $0) } })
  }
}

extension JSONValue: ExpressibleByArrayLiteral {
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
