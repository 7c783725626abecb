/// A structure that is being read or written: what expressions in its type can name.
struct Frame {
  enum Instance {
    case pending
    /// Being computed: whoever asks for it now asks in a circle.
    case running
    /// Nil if its condition is false.
    case known(LayoutNode?)
  }

  let type: TypeDefinition
  /// The bounds of the stream that the structure stands in; the end is nil while it is not known.
  let streamStart: UInt64
  let streamEnd: UInt64?
  /// The keys of lists that are read, by the ids of their rules, and what refers to them.
  var keys: [String: ItemKeys] = [:]
  var references: [ItemReference] = []
  var item: Value?
  var itemIndex: UInt64?
}

/// The keys of a list's items.
struct ItemKeys {
  private var keys: Set<Value.Key> = []
  /// Whether all are kept.
  private(set) var isWhole = true

  // More different keys than any device has queues; beyond them nothing is claimed.
  static let limit = 1 << 16

  /// Whether the key is new.
  mutating func insert(_ key: Value.Key) -> Bool {
    if keys.count < Self.limit { return keys.insert(key).inserted }
    if keys.contains(key) { return false }
    isWhole = false
    return true
  }

  func contains(_ key: Value.Key) -> Bool { keys.contains(key) }

  /// Whether the key is there, for all that is known.
  func mayHave(_ key: Value.Key) -> Bool { !isWhole || keys.contains(key) }
}

/// An item that refers to an item of another list, which may not be read yet, and the finding if
/// there is no such item.
struct ItemReference {
  let key: Value.Key
  /// The id of the rule that keeps the other list's keys.
  let id: String
  let finding: LayoutFinding
}
