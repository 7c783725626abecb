extension Evaluator {
  /// The content that a switch selects; nil if no case matches and it has no default.
  mutating func choice(
    _ subject: Expression, _ cases: [FieldDefinition.Case], _ otherwise: FieldDefinition.Choice?
  ) throws(EvaluationProblem) -> FieldDefinition.Choice? {
    let subject = try value(subject)
    for option in cases where try Self.isEqual(subject, value(option.value)) {
      return option.choice
    }
    return otherwise
  }

  func member(_ name: String, of value: Value) throws(EvaluationProblem) -> Value {
    if case .node(let node) = value, node.isRecord {
      guard let field = node.field(named: name) else {
        throw EvaluationProblem("expected '\(name)' in '\(node.name)', found none")
      }
      return Value(field)
    }
    guard let property = Expression.Property(rawValue: name) else {
      throw EvaluationProblem("expected a structure with '\(name)', found \(value.kind)")
    }
    switch (property, value) {
    case (.toInteger, .integer), (.toText, .text): return value
    case (.toInteger, .boolean(let value)): return .integer(value ? 1 : 0)
    case (.toInteger, .text(let text)):
      guard let value = Int128(text) else {
        throw EvaluationProblem("expected an integer in the text '\(text)'")
      }
      return .integer(value)
    case (.toText, .integer(let value)): return .text("\(value)")
    case (.toText, .bytes(let payload)):
      return .text(String(decoding: try loaded(payload), as: UTF8.self))
    case (.length, .text(let text)): return .integer(Int128(text.unicodeScalars.count))
    case (.length, .bytes(let payload)), (.size, .bytes(let payload)):
      return .integer(Int128(payload.byteCount))
    case (.first, .bytes(let payload)), (.last, .bytes(let payload)),
      (.min, .bytes(let payload)), (.max, .bytes(let payload)):
      return try choose(property, among: try loaded(payload))
    case (_, .node(let node)):
      guard let items = node.list else { break }
      return try choose(property, among: items)
    default: break
    }
    throw EvaluationProblem("expected something that has '\(name)', found \(value.kind)")
  }

  private func loaded(_ payload: Payload) throws(EvaluationProblem) -> [UInt8] {
    guard let bytes = payload.loadedBytes else {
      throw EvaluationProblem(
        "expected bytes in memory, found \(payload.byteCount) that were not loaded")
    }
    return bytes
  }

  private func choose(
    _ property: Expression.Property, among bytes: [UInt8]
  ) throws(EvaluationProblem) -> Value {
    let byte: UInt8? =
      switch property {
      case .first: bytes.first
      case .last: bytes.last
      case .min: bytes.min()
      default: bytes.max()
      }
    guard let byte else { throw EvaluationProblem("expected a byte, found none") }
    return .integer(Int128(byte))
  }

  private func choose(
    _ property: Expression.Property, among items: LayoutNode.Items
  ) throws(EvaluationProblem) -> Value {
    switch property {
    case .size, .length: return .integer(Int128(items.count))
    case .first: if let item = items.first.first { return Value(item) }
    case .last:
      if items.elidedCount == 0 || !items.last.isEmpty,
        let item = items.last.last ?? items.first.last
      {
        return Value(item)
      }
    case .min, .max:
      guard items.elidedCount == 0 else {
        throw EvaluationProblem("expected all items, found that some were not kept")
      }
      let integers = items.first.compactMap(\.integer)
      if let integer = property == .min ? integers.min() : integers.max() {
        return .integer(integer)
      }
    case .toInteger, .toText: break
    }
    throw EvaluationProblem("expected an item, found none")
  }

  func element(_ index: Int128, of value: Value) throws(EvaluationProblem) -> Value {
    switch value {
    case .bytes(let payload):
      let bytes = try loaded(payload)
      guard let index = Int(exactly: index), bytes.indices.contains(index) else {
        throw EvaluationProblem("expected an index below \(bytes.count), found \(index)")
      }
      return .integer(Int128(bytes[index]))
    case .node(let node):
      guard let items = node.list else { break }
      if index >= 0, index < Int128(items.first.count) { return Value(items.first[Int(index)]) }
      let (behind, overflow) = index.subtractingReportingOverflow(
        Int128(items.first.count) + Int128(items.elidedCount))
      guard !overflow, behind >= 0, behind < Int128(items.last.count) else {
        throw EvaluationProblem("expected an index below \(items.count), found \(index)")
      }
      return Value(items.last[Int(behind)])
    default: break
    }
    throw EvaluationProblem("expected an array, found \(value.kind)")
  }

  func substring(
    _ value: Value, _ from: Int128, _ to: Int128
  ) throws(EvaluationProblem) -> Value {
    guard case .text(let text) = value else {
      throw EvaluationProblem("expected text, found \(value.kind)")
    }
    let scalars = Array(text.unicodeScalars)
    guard from >= 0, from <= to, to <= Int128(scalars.count) else {
      throw EvaluationProblem("expected places up to \(scalars.count), found \(from) to \(to)")
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars[Int(from)..<Int(to)])
    return .text(String(result))
  }

  mutating func unary(
    _ op: Expression.UnaryOperator, _ operand: Expression, at level: Int
  ) throws(EvaluationProblem) -> Value {
    switch op {
    case .not: return .boolean(!(try truth(operand, at: level)))
    case .complement: return .integer(~(try integer(operand, at: level)))
    case .negate:
      let (value, overflow) = (0 as Int128).subtractingReportingOverflow(
        try integer(operand, at: level))
      if overflow { throw EvaluationProblem("expected a value of at most 128 bits") }
      return .integer(value)
    }
  }

  mutating func arithmetic(
    _ op: Expression.BinaryOperator, _ left: Expression, _ right: Expression, at level: Int
  ) throws(EvaluationProblem) -> Int128 {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw Self.tooDeep }
    return try Self.arithmetic(op, integer(left, at: level), integer(right, at: level))
  }

  static func isEqual(_ left: Value, _ right: Value) throws(EvaluationProblem) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)): left == right
    case (.boolean(let left), .boolean(let right)): left == right
    case (.integer(let left), .boolean(let right)), (.boolean(let right), .integer(let left)):
      (left != 0) == right
    case (.text(let left), .text(let right)): left == right
    case (.bytes(let left), .bytes(let right)):
      if let left = left.loadedBytes, let right = right.loadedBytes {
        left == right
      } else if left.byteCount != right.byteCount {
        false
      } else {
        throw EvaluationProblem("expected bytes in memory, found some that were not loaded")
      }
    default: throw EvaluationProblem("expected \(left.kind) to compare with, found \(right.kind)")
    }
  }

  private static func arithmetic(
    _ op: Expression.BinaryOperator, _ left: Int128, _ right: Int128
  ) throws(EvaluationProblem) -> Int128 {
    let (value, overflow): (Int128, Bool)
    switch op {
    case .add: (value, overflow) = left.addingReportingOverflow(right)
    case .subtract: (value, overflow) = left.subtractingReportingOverflow(right)
    case .multiply: (value, overflow) = left.multipliedReportingOverflow(by: right)
    case .divide, .remainder:
      guard right != 0, right != -1 || left != .min else {
        throw EvaluationProblem("expected a divisor that is not zero, found \(left) / \(right)")
      }
      // Rounded down, as Kaitai Struct has it.
      let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
      let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
      value =
        op == .divide
        ? (isBelow ? quotient - 1 : quotient) : (isBelow ? remainder + right : remainder)
      overflow = false
    case .shiftLeft:
      guard (0...127).contains(right) else {
        throw EvaluationProblem("expected a shift of 0 to 127 bits, found \(right)")
      }
      value = left << right
      overflow = value >> right != left
    case .shiftRight:
      guard right >= 0 else {
        throw EvaluationProblem("expected a shift of 0 bits or more, found \(right)")
      }
      (value, overflow) = (left >> min(right, 127), false)
    case .bitAnd: (value, overflow) = (left & right, false)
    case .bitOr: (value, overflow) = (left | right, false)
    case .bitXor: (value, overflow) = (left ^ right, false)
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .and, .or:
      throw EvaluationProblem("expected arithmetic")
    }
    if overflow { throw EvaluationProblem("expected a value of at most 128 bits") }
    return value
  }
}
