import YAMLReader

extension LayoutReader {
  mutating func validity(
    _ node: YAMLNode?, in index: Int, hasEnumeration: Bool
  ) throws(LayoutError) -> [FieldDefinition.Validity] {
    guard let node else { return [] }
    guard case .mapping = node.content else { return [.equal(try expression(node, in: index))] }
    let entries = try LayoutEntries(
      node, known: ["eq", "min", "max", "any-of", "in-enum", "expr"])
    var checks: [FieldDefinition.Validity] = []
    if let node = entries["eq"] { checks.append(.equal(try expression(node, in: index))) }
    if let node = entries["min"] { checks.append(.minimum(try expression(node, in: index))) }
    if let node = entries["max"] { checks.append(.maximum(try expression(node, in: index))) }
    if let node = entries["any-of"] {
      var values: [Expression] = []
      for item in try Self.items(node) { values.append(try expression(item, in: index)) }
      checks.append(.anyOf(values))
    }
    if try Self.flag(entries["in-enum"]) {
      guard hasEnumeration else { throw entries.problem("expected 'enum' beside 'in-enum'") }
      checks.append(.inEnumeration)
    }
    if let node = entries["expr"] {
      checks.append(
        .expression(try expression(node, in: index), text: try Self.string(node)))
    }
    return checks
  }

  mutating func itemRules(
    _ entries: LayoutEntries, in index: Int
  ) throws(LayoutError) -> [ItemRule] {
    var rules: [ItemRule] = []
    for node in try entries["-ferry-items"].map(Self.items) ?? [] {
      let rule = try LayoutEntries(node, known: Self.itemRuleKeys)
      let condition = try optionalExpression(rule["if"], in: index, isOwn: true)
      let kind: ItemRule.Kind
      if let count = rule["count"] {
        let name = try Self.identifier(count)
        guard let counter = drafts[index].counters.firstIndex(of: name) else {
          throw rule.problem("expected counts in 'seq' only")
        }
        kind = .count(counter)
      } else if let key = rule["unique"] {
        kind = .unique(try expression(key, in: index, isOwn: true))
      } else if let key = rule["ascending"] {
        kind = .ascending(
          try expression(key, in: index, isOwn: true),
          group: try optionalExpression(rule["by"], in: index, isOwn: true))
      } else if let start = rule["contiguous"] {
        kind = .contiguous(
          try expression(start, in: index, isOwn: true),
          end: try expression(try rule.required("end"), in: index, isOwn: true),
          group: try optionalExpression(rule["by"], in: index, isOwn: true))
      } else if let key = rule["refers"] {
        let id = try Self.identifier(try rule.required("to"))
        guard drafts[index].keyNames.contains(id) else {
          throw rule.problem("expected the id of a unique rule of this type, found no '\(id)'")
        }
        kind = .refers(try expression(key, in: index, isOwn: true), to: id)
      } else {
        throw rule.problem("expected one of count, unique, ascending, contiguous and refers")
      }
      var message = Message(pieces: [])
      if case .count = kind {
      } else {
        message = try self.message(try rule.required("message"), in: index)
      }
      rules.append(
        ItemRule(
          id: try rule["id"].map(Self.identifier), kind: kind, condition: condition,
          severity: try Self.severity(rule["severity"]), message: message))
    }
    return rules
  }

  /// The field that `expression`, a size or count, measures. The expression must be a field, or
  /// arithmetic on a field with constants that can be undone.
  func measurement(_ expression: Expression, in index: Int) -> Measurement? {
    var steps: [Measurement.Step] = []
    var rest = expression
    while true {
      switch rest {
      case .binary(.add, let base, .integer(let constant)),
        .binary(.add, .integer(let constant), let base):
        steps.append(.add(-constant))
        rest = base
      case .binary(.subtract, let base, .integer(let constant)):
        steps.append(.add(constant))
        rest = base
      case .binary(.subtract, .integer(let constant), let base):
        steps.append(.subtractFrom(constant))
        rest = base
      case .binary(.multiply, let base, .integer(let constant)),
        .binary(.multiply, .integer(let constant), let base):
        guard constant > 0 else { return nil }
        steps.append(.divide(constant))
        rest = base
      case .binary(.shiftLeft, let base, .integer(let constant)):
        guard (0...63).contains(constant) else { return nil }
        steps.append(.divide(1 << constant))
        rest = base
      default:
        guard let (hops, path) = reference(rest, in: index) else { return nil }
        return Measurement(hops: hops, path: path, steps: steps)
      }
    }
  }

  private func reference(_ expression: Expression, in index: Int) -> (Int, [String])? {
    switch expression {
    case .field(let slot): (0, [drafts[index].fieldNames[slot]])
    case .outer(let hops, let name): (hops, [name])
    case .member(let base, let name)
    where Expression.Property(rawValue: name) == nil || allNames.contains(name):
      reference(base, in: index).map { ($0.0, $0.1 + [name]) }
    default: nil
    }
  }
}
