/// The memory of rules about items: keys and ends of the items before.
struct ItemRuleState {
  let rules: [ItemRule]
  private var keys: [ItemKeys]
  private var heights: [[Int128: Int128]]

  init(_ rules: [ItemRule]) {
    self.rules = rules
    keys = Array(repeating: ItemKeys(), count: rules.count)
    heights = Array(repeating: [:], count: rules.count)
  }

  /// Whether the key is new.
  mutating func insert(_ key: Value.Key, rule: Int) -> Bool {
    let isKnown = keys[rule].contains(key)
    keys[rule].insert(key)
    return !isKnown
  }

  /// Whether the key is new, and not one too many to be kept.
  mutating func remember(_ key: Value.Key, rule: Int) -> Bool {
    insert(key, rule: rule) && keys[rule].isWhole
  }

  /// The keys of rules that can be referred to, by their ids.
  var named: [(id: String, keys: ItemKeys)] {
    rules.indices.compactMap { index in
      guard case .unique = rules[index].kind, let id = rules[index].id else { return nil }
      return (id, keys[index])
    }
  }

  /// Whether the key does not go down in its group.
  mutating func advance(to key: Int128, group: Int128, rule: Int) -> Bool {
    if let height = heights[rule][group], key < height { return false }
    raise(to: key, group: group, rule: rule)
    return true
  }

  /// Where its group ended, if an item from `start` to `end` does not begin there.
  mutating func follow(
    _ start: Int128, to end: Int128, group: Int128, rule: Int
  ) -> Int128? {
    let height = heights[rule][group] ?? 0
    let isFull = heights[rule].count >= ItemKeys.limit && heights[rule][group] == nil
    raise(to: max(height, end), group: group, rule: rule)
    return start == height || isFull ? nil : height
  }

  private mutating func raise(to height: Int128, group: Int128, rule: Int) {
    guard heights[rule].count < ItemKeys.limit || heights[rule][group] != nil else { return }
    heights[rule][group] = height
  }
}
