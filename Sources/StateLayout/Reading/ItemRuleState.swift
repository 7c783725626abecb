/// The memory of rules about items: keys and ends of the items before.
struct ItemRuleState {
  let rules: [ItemRule]
  private var memories: [Memory]

  /// The memory of one rule.
  private struct Memory {
    var keys = ItemKeys()
    var heights: [Int128: Int128] = [:]
  }

  init(_ rules: [ItemRule]) {
    self.rules = rules
    memories = Array(repeating: Memory(), count: rules.count)
  }

  /// Whether the key is new.
  mutating func insert(_ key: Value.Key, rule: Int) -> Bool { memories[rule].keys.insert(key) }

  /// Whether the key is new, and not one too many to be kept.
  mutating func remember(_ key: Value.Key, rule: Int) -> Bool {
    insert(key, rule: rule) && memories[rule].keys.isWhole
  }

  /// The id of a rule that can be referred to, with its keys; nil of any other.
  func named(_ rule: Int) -> (id: String, keys: ItemKeys)? {
    guard case .unique = rules[rule].kind, let id = rules[rule].id else { return nil }
    return (id, memories[rule].keys)
  }

  /// Whether the key does not go down in its group.
  mutating func advance(to key: Int128, group: Int128, rule: Int) -> Bool {
    if let height = memories[rule].heights[group], key < height { return false }
    raise(to: key, group: group, rule: rule)
    return true
  }

  /// Where its group ended, if an item from `start` to `end` does not begin there.
  mutating func follow(
    _ start: Int128, to end: Int128, group: Int128, rule: Int
  ) -> Int128? {
    let known = memories[rule].heights[group]
    let height = known ?? 0
    let isFull = known == nil && memories[rule].heights.count >= ItemKeys.limit
    raise(to: max(height, end), group: group, rule: rule)
    return start == height || isFull ? nil : height
  }

  private mutating func raise(to height: Int128, group: Int128, rule: Int) {
    guard
      memories[rule].heights.count < ItemKeys.limit || memories[rule].heights[group] != nil
    else { return }
    memories[rule].heights[group] = height
  }
}
