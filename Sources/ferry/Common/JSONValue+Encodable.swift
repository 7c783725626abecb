import Reports

/// A report of the library as a part of a command's own.
extension JSONValue: Encodable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .null:
      var value = encoder.singleValueContainer()
      try value.encodeNil()
    case .bool(let content):
      var value = encoder.singleValueContainer()
      try value.encode(content)
    case .integer(let content):
      var value = encoder.singleValueContainer()
      try value.encode(content)
    case .string(let content):
      var value = encoder.singleValueContainer()
      try value.encode(content)
    case .array(let items):
      var values = encoder.unkeyedContainer()
      for item in items { try values.encode(item) }
    case .object(let members):
      var values = encoder.container(keyedBy: Name.self)
      for member in members {
        try values.encode(member.value, forKey: Name(stringValue: member.key))
      }
    }
  }
}
