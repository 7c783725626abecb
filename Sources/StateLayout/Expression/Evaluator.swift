/// Evaluates expressions against the structures that are being read or written, the outermost first.
///
/// Arithmetic is checked: what does not fit 128 bits has no value, and neither has a division by zero.
struct Evaluator {
  var frames: [Frame] = []
  /// The offset of the next byte, counted from the start of the state.
  var position: UInt64 = 0

  private var depth = 0

  // Instances may refer to instances, so nothing else bounds how deep this goes.
  private static let depthLimit = 120

  var top: Int { frames.count - 1 }

  // MARK: Values of one kind

  mutating func integer(_ expression: Expression) throws(EvaluationProblem) -> Int128 {
    try integer(expression, at: top)
  }

  /// A number of bytes or of items.
  mutating func count(_ expression: Expression) throws(EvaluationProblem) -> UInt64 {
    let value = try integer(expression, at: top)
    guard let count = UInt64(exactly: value) else {
      throw EvaluationProblem("expected a count or position of at most 64 bits, found \(value)")
    }
    return count
  }

  mutating func truth(_ expression: Expression) throws(EvaluationProblem) -> Bool {
    try truth(expression, at: top)
  }

  mutating func value(_ expression: Expression) throws(EvaluationProblem) -> Value {
    try value(expression, at: top)
  }

  mutating func integer(
    _ expression: Expression, at level: Int
  ) throws(EvaluationProblem) -> Int128 {
    if case .integer(let value) = expression { return value }
    if case .field(let slot) = expression,
      case .integer(let value)? = frames[level].slots[slot]?.content
    {
      return value
    }
    switch try value(expression, at: level) {
    case .integer(let value): return value
    case .boolean(let value): return value ? 1 : 0
    case let other: throw EvaluationProblem("expected an integer, found \(other.kind)")
    }
  }

  mutating func truth(
    _ expression: Expression, at level: Int
  ) throws(EvaluationProblem) -> Bool {
    switch try value(expression, at: level) {
    case .boolean(let value): return value
    case .integer(let value): return value != 0
    case let other: throw EvaluationProblem("expected a truth value, found \(other.kind)")
    }
  }

  // MARK: Any value

  mutating func value(
    _ expression: Expression, at level: Int
  ) throws(EvaluationProblem) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw EvaluationProblem("expected at most \(Self.depthLimit) levels of nesting")
    }
    switch expression {
    case .integer(let value): return .integer(value)
    case .boolean(let value): return .boolean(value)
    case .text(let text): return .text(text)
    case .bytes(let bytes): return .bytes(Payload(bytes))
    case .field(let slot):
      guard let node = frames[level].slots[slot] else {
        throw EvaluationProblem(
          "expected the field '\(frames[level].type.fields[slot].name)', found none")
      }
      return Value(node)
    case .instance(let index): return try instance(index, at: level)
    case .counter(let index): return .integer(frames[level].counters[index])
    case .outer(let hops, let name): return try named(name, at: level - hops)
    case .root(let name): return try named(name, at: 0)
    case .item:
      guard let item = frames[level].item else {
        throw EvaluationProblem("expected an item, found none")
      }
      return item
    case .itemIndex:
      guard let index = frames[level].itemIndex else {
        throw EvaluationProblem("expected to be in an array")
      }
      return .integer(Int128(index))
    case .stream(let hops, let property):
      return try stream(property, at: hops.map { level - $0 } ?? 0)
    case .member(let base, let name): return try member(name, of: try value(base, at: level))
    case .element(let base, let index):
      return try element(try integer(index, at: level), of: try value(base, at: level))
    case .substring(let base, let from, let to):
      return try substring(
        try value(base, at: level), try integer(from, at: level), try integer(to, at: level))
    case .unary(let op, let operand): return try unary(op, operand, at: level)
    case .binary(let op, let left, let right): return try binary(op, left, right, at: level)
    case .conditional(let condition, let yes, let no):
      return try truth(condition, at: level) ? value(yes, at: level) : value(no, at: level)
    }
  }

  private mutating func named(_ name: String, at level: Int) throws(EvaluationProblem) -> Value {
    guard level >= 0 else {
      throw EvaluationProblem("expected '\(name)' of a structure around, found none around")
    }
    let type = frames[level].type
    if let slot = type.fields.firstIndex(where: { $0.name == name }) {
      return try value(.field(slot), at: level)
    }
    if let index = type.instances.firstIndex(where: { $0.name == name }) {
      return try instance(index, at: level)
    }
    throw EvaluationProblem("expected '\(name)' in '\(type.name)', found none")
  }

  private mutating func instance(_ index: Int, at level: Int) throws(EvaluationProblem) -> Value {
    guard let node = try instanceNode(index, at: level) else {
      throw EvaluationProblem(
        "expected the instance '\(frames[level].type.instances[index].name)', found none")
    }
    return Value(node)
  }

  /// The computed instance, from now on known; nil where its condition is false.
  mutating func instanceNode(
    _ index: Int, at level: Int
  ) throws(EvaluationProblem) -> LayoutNode? {
    let definition = frames[level].type.instances[index]
    switch frames[level].instances[index] {
    case .known(let node): return node
    case .running:
      throw EvaluationProblem("expected '\(definition.name)' not to depend on itself")
    case .pending: break
    }
    guard let expression = definition.value else {
      throw EvaluationProblem("expected '\(definition.name)' to be read, found it is not yet")
    }
    frames[level].instances[index] = .running
    do throws(EvaluationProblem) {
      var node: LayoutNode?
      if try definition.condition.map({ (condition) throws(EvaluationProblem) in
        try truth(condition, at: level)
      }) ?? true {
        node = computed(definition, try value(expression, at: level))
      }
      frames[level].instances[index] = .known(node)
      return node
    } catch {
      frames[level].instances[index] = .pending
      throw error
    }
  }

  private func computed(_ definition: FieldDefinition, _ value: Value) -> LayoutNode {
    let content: LayoutNode.Content =
      switch value {
      case .integer(let value): .integer(value)
      case .boolean(let value): .integer(value ? 1 : 0)
      case .text(let text): .text(text)
      case .bytes(let payload): .bytes(payload)
      case .node(let node): node.content
      }
    return LayoutNode(definition.name, content, field: definition, range: nil, origin: .computed)
  }

  private func stream(
    _ property: Expression.StreamProperty, at level: Int
  ) throws(EvaluationProblem) -> Value {
    guard level >= 0 else { throw EvaluationProblem("expected a structure around, found none") }
    let frame = frames[level]
    if property == .position { return .integer(Int128(position) - Int128(frame.streamStart)) }
    guard let end = frame.streamEnd else {
      throw EvaluationProblem("expected a stream of known length")
    }
    if property == .size { return .integer(Int128(end) - Int128(frame.streamStart)) }
    return .boolean(position >= end)
  }
}
