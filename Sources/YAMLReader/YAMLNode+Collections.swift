extension YAMLNode {
  /// The items of a sequence.
  public func items() throws(YAMLError) -> [YAMLNode] {
    guard case .sequence(let items) = content else {
      throw error(.type, "expected a sequence, found \(kind)")
    }
    return items
  }

  /// The entries of a mapping, in the order of the text.
  public func entries() throws(YAMLError) -> [Entry] {
    guard case .mapping(let entries) = content else {
      throw error(.type, "expected a mapping, found \(kind)")
    }
    return entries
  }

  /// The entries of a mapping that may have no keys but `known`: a misspelt key is an error, not a
  /// default.
  public func fields(_ known: Set<String>) throws(YAMLError) -> YAMLFields {
    let entries = try entries()
    for entry in entries where !known.contains(entry.key) {
      throw YAMLError(
        .unknown, at: entry.keyMark,
        "expected one of \(known.sorted().joined(separator: ", ")), found '\(entry.key)'")
    }
    return YAMLFields(of: self, entries)
  }
}

/// A mapping's values by key.
public struct YAMLFields: Sendable {
  /// The mapping itself.
  public let node: YAMLNode
  private let entries: [YAMLNode.Entry]

  fileprivate init(of node: YAMLNode, _ entries: [YAMLNode.Entry]) {
    self.node = node
    self.entries = entries
  }

  /// The value of `key`, if the mapping has it and it is not null.
  public subscript(key: String) -> YAMLNode? {
    guard let value = entries.first(where: { $0.key == key })?.value, !value.isNull else {
      return nil
    }
    return value
  }

  /// The value of `key`, which the mapping must have.
  public func required(_ key: String) throws(YAMLError) -> YAMLNode {
    guard let value = self[key] else { throw node.error(.missing, "expected the key '\(key)'") }
    return value
  }
}
