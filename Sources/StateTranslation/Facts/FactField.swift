import ByteIO
import StateLayout
import YAMLReader

/// A group of facts, which a table of its fields reads and writes.
protocol FactGroup: Sendable, Hashable {
  init()
  static var fields: [FactField<Self>] { get }
}

/// One fact as a file has it: its key, and how it is read and written.
struct FactField<Group>: Sendable {
  /// The text of a fact in a file.
  enum Text {
    /// Text behind the key, in its line.
    case line(String)
    /// Lines below the key.
    case lines([String])
  }

  let key: String
  let read: @Sendable (YAMLNode, inout Group) throws(YAMLError) -> Void
  let write: @Sendable (Group) -> Text?

  init(
    _ key: String, read: @escaping @Sendable (YAMLNode, inout Group) throws(YAMLError) -> Void,
    write: @escaping @Sendable (Group) -> Text?
  ) {
    self.key = key
    self.read = read
    self.write = write
  }
}

extension FactField {
  typealias Place<Value> = any WritableKeyPath<Group, Value?> & Sendable

  static func text(_ key: String, _ place: Place<String>) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in group[keyPath: place] = try node.string() },
      write: { group in group[keyPath: place].map { .line(YAMLText.scalar($0)) } })
  }

  static func texts(_ key: String, _ place: Place<[String]>) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in
        var values: [String] = []
        for item in try node.items() { values.append(try item.string()) }
        group[keyPath: place] = values
      },
      write: { group in
        group[keyPath: place].map { .line("[\($0.map(YAMLText.scalar).joined(separator: ", "))]") }
      })
  }

  static func truth(_ key: String, _ place: Place<Bool>) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in group[keyPath: place] = try node.bool() },
      write: { group in group[keyPath: place].map { .line("\($0)") } })
  }

  static func integer<Value: FixedWidthInteger & Sendable>(
    _ key: String, _ place: Place<Value>, in range: ClosedRange<Value> = Value.min...Value.max,
    hexDigits: Int? = nil
  ) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in
        group[keyPath: place] = try node.integer(in: range)
      },
      write: { group in
        group[keyPath: place].map { value in
          .line(hexDigits.map { "0x" + hex(value, digits: $0) } ?? "\(value)")
        }
      })
  }

  /// A list of integers, which a single one stands for too.
  static func integers<Value: FixedWidthInteger & Sendable>(
    _ key: String, _ place: Place<[Value]>, in range: ClosedRange<Value> = Value.min...Value.max,
    isHexadecimal: Bool = false
  ) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in
        guard case .sequence(let items) = node.content else {
          group[keyPath: place] = [try node.integer(in: range)]
          return
        }
        var values: [Value] = []
        for item in items { values.append(try item.integer(in: range)) }
        group[keyPath: place] = values
      },
      write: { group in
        group[keyPath: place].map { values in
          let texts = values.map { isHexadecimal ? "0x" + hex($0) : "\($0)" }
          return .line(texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")
        }
      })
  }

  static func group<Inner: FactGroup>(_ key: String, _ place: Place<Inner>) -> FactField {
    FactField(
      key,
      read: { (node, group) throws(YAMLError) in
        group[keyPath: place] = try Inner(yamlFields: node)
      },
      write: { group in group[keyPath: place].map { .lines($0.yamlLines) } })
  }
}

extension FactGroup {
  init(yamlFields node: YAMLNode) throws(YAMLError) {
    let values = try node.fields(Set(Self.fields.map(\.key)))
    self.init()
    for field in Self.fields {
      if let value = values[field.key] { try field.read(value, &self) }
    }
  }

  var yamlLines: [String] {
    Self.fields.flatMap { field -> [String] in
      switch field.write(self) {
      case nil: []
      case .line(let text): ["\(field.key): \(text)"]
      case .lines(let lines):
        lines.isEmpty ? ["\(field.key): {}"] : ["\(field.key):"] + lines.map { "  \($0)" }
      }
    }
  }
}
