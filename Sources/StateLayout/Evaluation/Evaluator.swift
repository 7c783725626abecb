/// Evaluates expressions against the structures that are being read or written, the outermost
/// first.
///
/// Arithmetic is checked: what does not fit 128 bits has no value, and neither has a division by
/// zero.
struct Evaluator {
  var frames: [Frame] = []
  // Of all structures, the outermost first, so that a structure costs no memory of its own.
  private var slots: [LayoutNode?] = []
  private var instances: [Frame.Instance] = []
  private var counters: [Int128] = []
  private var starts: [Start] = []
  /// The offset of the next byte, counted from the start of the state.
  var position: UInt64 = 0

  var depth = 0

  /// Makes room for what most states have at a time.
  mutating func reserve() {
    frames.reserveCapacity(8)
    starts.reserveCapacity(8)
    slots.reserveCapacity(64)
    instances.reserveCapacity(32)
  }

  /// What the work so far took, in steps that take about as long as each other.
  var stepCount: UInt64 = 0
  /// The most steps.
  var stepLimit = UInt64.max

  /// Takes note of `count` steps; throws if there are more than are wanted.
  mutating func take(steps count: Int = 1) throws(EvaluationProblem) {
    stepCount &+= UInt64(count)
    if stepCount > stepLimit { throw EvaluationProblem(Self.outOfSteps(stepLimit)) }
  }

  static func outOfSteps(_ limit: UInt64) -> String {
    "expected at most \(limit) steps for a state of this length"
  }

  // Instances may refer to instances, so nothing else bounds how deep this goes.
  static let depthLimit = 120

  /// The index of the innermost structure; -1 outside all.
  private(set) var top = -1

  /// The indices of a structure's first field, instance and counter among those of all structures.
  private struct Start {
    let slot: Int
    let instance: Int
    let counter: Int
  }

  // MARK: Structures

  /// Begins a structure, of which nothing is known yet.
  mutating func enter(_ type: TypeDefinition, streamStart: UInt64, streamEnd: UInt64?) {
    frames.append(Frame(type: type, streamStart: streamStart, streamEnd: streamEnd))
    starts.append(
      Start(slot: slots.count, instance: instances.count, counter: counters.count))
    top += 1
    slots.append(contentsOf: repeatElement(nil, count: type.fields.count))
    if !type.instances.isEmpty {
      instances.append(contentsOf: repeatElement(.pending, count: type.instances.count))
    }
    if !type.counters.isEmpty {
      counters.append(contentsOf: repeatElement(0, count: type.counters.count))
    }
  }

  /// Ends the innermost structure and returns its known fields, then `rest`, then its instances.
  mutating func leave(with rest: [LayoutNode] = []) -> [LayoutNode] {
    guard let start = starts.last else { return [] }
    var nodes: [LayoutNode] = []
    nodes.reserveCapacity(slots.count - start.slot + rest.count)
    for index in start.slot..<slots.count {
      if let node = slots[index].take() { nodes.append(node) }
    }
    if !rest.isEmpty { nodes += rest }
    for index in start.instance..<instances.count {
      if case .known(let node?) = instances[index] { nodes.append(node) }
    }
    drop()
    return nodes
  }

  /// Ends the innermost structure, which is not needed any more.
  mutating func drop() {
    guard let start = starts.popLast() else { return }
    frames.removeLast()
    top -= 1
    slots.removeLast(slots.count - start.slot)
    if instances.count > start.instance {
      instances.removeLast(instances.count - start.instance)
    }
    if counters.count > start.counter { counters.removeLast(counters.count - start.counter) }
  }

  /// A field of a structure's sequence; nil if it is not read yet or not there.
  subscript(slot slot: Int, at level: Int) -> LayoutNode? {
    get { slots[starts[level].slot + slot] }
    set { slots[starts[level].slot + slot] = newValue }
  }

  subscript(instance index: Int, at level: Int) -> Frame.Instance {
    get { instances[starts[level].instance + index] }
    set { instances[starts[level].instance + index] = newValue }
  }

  subscript(counter index: Int, at level: Int) -> Int128 {
    get { counters[starts[level].counter + index] }
    set { counters[starts[level].counter + index] = newValue }
  }

  /// The field of the innermost structure's sequence with this name, if it is there.
  func field(named name: String) -> LayoutNode? {
    frames[top].type.fields.firstIndex { $0.name == name }.flatMap { self[slot: $0, at: top] }
  }

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
    if let value = simple(expression, at: level) { return value }
    if case .binary(let op, let left, let right) = expression, op.isArithmetic {
      return try arithmetic(op, left, right, at: level)
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
    switch expression {
    case .binary(let op, let left, let right) where !op.isArithmetic:
      return try truth(op, left, right, at: level)
    case .unary(.not, let operand): return !(try truth(operand, at: level))
    default: break
    }
    switch try value(expression, at: level) {
    case .boolean(let value): return value
    case .integer(let value): return value != 0
    case let other: throw EvaluationProblem("expected a truth value, found \(other.kind)")
    }
  }

  /// The integer that is there without computing anything, which is what most expressions compare.
  ///
  /// It changes nothing; a debug build would copy the whole evaluator to call what cannot.
  private mutating func simple(_ expression: Expression, at level: Int) -> Int128? {
    switch expression {
    case .integer(let value): return value
    case .field(let slot): return slots[starts[level].slot + slot]?.integer
    case .member(.field(let slot), let name):
      return slots[starts[level].slot + slot]?.field(named: name)?.integer
    case .member(.item, let name):
      guard case .node(let node)? = frames[level].item else { return nil }
      return node.field(named: name)?.integer
    case .item:
      guard case .integer(let value)? = frames[level].item else { return nil }
      return value
    case .instance(let index):
      guard case .known(let node?) = instances[starts[level].instance + index] else { return nil }
      return node.integer
    case .counter(let index): return counters[starts[level].counter + index]
    default: return nil
    }
  }

  /// The text that is there without computing anything, as names are compared with; nil for any
  /// other.
  private mutating func simpleText(_ expression: Expression, at level: Int) -> String? {
    switch expression {
    case .text(let text): return text
    case .field(let slot): return slots[starts[level].slot + slot]?.text
    case .member(.item, let name):
      guard case .node(let node)? = frames[level].item else { return nil }
      return node.field(named: name)?.text
    default: return nil
    }
  }

  /// Whether a comparison or a junction holds.
  mutating func truth(
    _ op: Expression.BinaryOperator, _ left: Expression, _ right: Expression, at level: Int
  ) throws(EvaluationProblem) -> Bool {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw Self.tooDeep }
    switch op {
    case .and:
      guard try truth(left, at: level) else { return false }
      return try truth(right, at: level)
    case .or:
      if try truth(left, at: level) { return true }
      return try truth(right, at: level)
    case .equal: return try isEqual(left, right, at: level)
    case .notEqual: return try !isEqual(left, right, at: level)
    case .less: return try integer(left, at: level) < integer(right, at: level)
    case .lessOrEqual: return try integer(left, at: level) <= integer(right, at: level)
    case .greater: return try integer(left, at: level) > integer(right, at: level)
    default: return try integer(left, at: level) >= integer(right, at: level)
    }
  }

  private mutating func isEqual(
    _ left: Expression, _ right: Expression, at level: Int
  ) throws(EvaluationProblem) -> Bool {
    if let left = simple(left, at: level), let right = simple(right, at: level) {
      return left == right
    }
    if case .text(let right) = right, let left = simpleText(left, at: level) {
      return left == right
    }
    return try Self.isEqual(value(left, at: level), value(right, at: level))
  }

  // MARK: Any value

  static var tooDeep: EvaluationProblem {
    EvaluationProblem("expected at most \(depthLimit) levels of nesting")
  }

  mutating func value(
    _ expression: Expression, at level: Int
  ) throws(EvaluationProblem) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw Self.tooDeep }
    try take()
    switch expression {
    case .integer(let value): return .integer(value)
    case .field(let slot): return try field(slot, at: level)
    case .instance(let index): return try instance(index, at: level)
    case .member(let base, let name):
      let base = try value(base, at: level)
      // All of it may have to be looked at.
      try take(steps: base.itemCount)
      return try member(name, of: base)
    case .binary(let op, let left, let right):
      guard op.isArithmetic else { return .boolean(try truth(op, left, right, at: level)) }
      return .integer(try arithmetic(op, left, right, at: level))
    default: return try rareValue(expression, at: level)
    }
  }

  /// The value of an expression that is none of the most common, which need less room on the stack
  /// without these.
  private mutating func rareValue(
    _ expression: Expression, at level: Int
  ) throws(EvaluationProblem) -> Value {
    switch expression {
    case .boolean(let value): return .boolean(value)
    case .text(let text): return .text(text)
    case .bytes(let bytes): return .bytes(Payload(bytes))
    case .counter(let index): return .integer(self[counter: index, at: level])
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
    case .element(let base, let index):
      return try element(try integer(index, at: level), of: try value(base, at: level))
    case .substring(let base, let from, let to):
      return try substring(
        try value(base, at: level), try integer(from, at: level), try integer(to, at: level))
    case .unary(let op, let operand): return try unary(op, operand, at: level)
    case .conditional(let condition, let yes, let no):
      return try truth(condition, at: level) ? value(yes, at: level) : value(no, at: level)
    case .integer, .field, .instance, .member, .binary:
      preconditionFailure("these are common")
    }
  }

  private mutating func named(_ name: String, at level: Int) throws(EvaluationProblem) -> Value {
    guard level >= 0 else {
      throw EvaluationProblem("expected '\(name)' of a structure around, found none around")
    }
    let type = frames[level].type
    if let slot = type.fields.firstIndex(where: { $0.name == name }) {
      return try field(slot, at: level)
    }
    if let index = type.instances.firstIndex(where: { $0.name == name }) {
      return try instance(index, at: level)
    }
    throw EvaluationProblem("expected '\(name)' in '\(type.name)', found none")
  }

  private mutating func field(_ slot: Int, at level: Int) throws(EvaluationProblem) -> Value {
    guard let node = slots[starts[level].slot + slot] else {
      throw EvaluationProblem(
        "expected the field '\(frames[level].type.fields[slot].name)', found none")
    }
    return Value(node)
  }

  private mutating func instance(_ index: Int, at level: Int) throws(EvaluationProblem) -> Value {
    guard let node = try instanceNode(index, at: level) else {
      throw EvaluationProblem(
        "expected the instance '\(frames[level].type.instances[index].name)', found none")
    }
    return Value(node)
  }

  /// The computed instance, from now on known; nil if its condition is false.
  mutating func instanceNode(
    _ index: Int, at level: Int
  ) throws(EvaluationProblem) -> LayoutNode? {
    let definition = frames[level].type.instances[index]
    switch self[instance: index, at: level] {
    case .known(let node): return node
    case .running:
      throw EvaluationProblem("expected '\(definition.name)' not to depend on itself")
    case .pending: break
    }
    guard let expression = definition.value else {
      throw EvaluationProblem("expected '\(definition.name)' to be read, found it is not yet")
    }
    self[instance: index, at: level] = .running
    do throws(EvaluationProblem) {
      var node: LayoutNode?
      if try definition.condition.map({ (condition) throws(EvaluationProblem) in
        try truth(condition, at: level)
      }) ?? true {
        node = computed(definition, try value(expression, at: level))
      }
      self[instance: index, at: level] = .known(node)
      return node
    } catch {
      self[instance: index, at: level] = .pending
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
    let start = frames[level].streamStart
    if property == .position { return .integer(Int128(position) - Int128(start)) }
    guard let end = frames[level].streamEnd else {
      throw EvaluationProblem("expected a stream of known length")
    }
    if property == .size { return .integer(Int128(end) - Int128(start)) }
    return .boolean(position >= end)
  }
}
