/// Reads the expression language of Kaitai Struct.
///
/// The operators, loosest first: `a ? b : c`, `or`, `and`, `not`, one comparison, `|`, `^`, `&`,
/// shifts, sums, products, signs and `~`, then `.name`, `[index]`.
struct ExpressionParser {
  private var lexer: ExpressionLexer
  private var token: ExpressionLexer.Token
  private let scope: any NameScope
  private var depth = 0
  private var nodeCount = 0

  private static let depthLimit = 48
  private static let nodeLimit = 200

  /// Reads `text`, whose names mean what `scope` says.
  static func parse(
    _ text: String, in scope: any NameScope
  ) throws(ExpressionProblem) -> Expression {
    var parser = try ExpressionParser(text, scope)
    let expression = try parser.conditional()
    guard parser.token == .end else {
      throw ExpressionProblem(message: "expected the end, found \(parser.found)")
    }
    return expression
  }

  private init(_ text: String, _ scope: any NameScope) throws(ExpressionProblem) {
    lexer = ExpressionLexer(text)
    token = try lexer.next()
    self.scope = scope
  }

  private var found: String {
    switch token {
    case .integer(let value): "\(value)"
    case .text: "a text"
    case .name(let name): "'\(name)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end"
    }
  }

  private mutating func advance() throws(ExpressionProblem) { token = try lexer.next() }

  private mutating func accept(_ symbol: String) throws(ExpressionProblem) -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ symbol: String) throws(ExpressionProblem) {
    guard try accept(symbol) else {
      throw ExpressionProblem(message: "expected '\(symbol)', found \(found)")
    }
  }

  private mutating func conditional() throws(ExpressionProblem) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw ExpressionProblem(message: "expected at most \(Self.depthLimit) levels of nesting")
    }
    let condition = try binary(level: 0)
    guard try accept("?") else { return condition }
    let yes = try conditional()
    try expect(":")
    return .conditional(condition, yes, try conditional())
  }

  // Loosest first; operators of one level are left-associative.
  private static let levels: [[String: Expression.BinaryOperator]] = [
    ["or": .or], ["and": .and],
    [
      "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual, "==": .equal,
      "!=": .notEqual,
    ],
    ["|": .bitOr], ["^": .bitXor], ["&": .bitAnd], ["<<": .shiftLeft, ">>": .shiftRight],
    ["+": .add, "-": .subtract], ["*": .multiply, "/": .divide, "%": .remainder],
  ]
  private static let comparisonLevel = 2

  private mutating func binary(level: Int) throws(ExpressionProblem) -> Expression {
    guard level < Self.levels.count else { return try unary() }
    if level == Self.comparisonLevel, token == .name("not") {
      try advance()
      depth += 1
      defer { depth -= 1 }
      guard depth <= Self.depthLimit else {
        throw ExpressionProblem(message: "expected at most \(Self.depthLimit) levels of nesting")
      }
      return .unary(.not, try binary(level: level))
    }
    var left = try binary(level: level + 1)
    while true {
      let word: String
      switch token {
      case .symbol(let symbol): word = symbol
      case .name(let name) where name == "and" || name == "or": word = name
      default: return left
      }
      guard let op = Self.levels[level][word] else { return left }
      try advance()
      try count()
      left = .binary(op, left, try binary(level: level + 1))
      if level == Self.comparisonLevel { return left }
    }
  }

  // A long sum is a deep tree, which evaluation walks by recursion.
  private mutating func count() throws(ExpressionProblem) {
    nodeCount += 1
    guard nodeCount <= Self.nodeLimit else {
      throw ExpressionProblem(message: "expected at most \(Self.nodeLimit) operators")
    }
  }

  private mutating func unary() throws(ExpressionProblem) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw ExpressionProblem(message: "expected at most \(Self.depthLimit) levels of nesting")
    }
    if try accept("-") { return .unary(.negate, try unary()) }
    if try accept("~") { return .unary(.complement, try unary()) }
    if try accept("+") { return try unary() }
    return try postfix()
  }

  private mutating func postfix() throws(ExpressionProblem) -> Expression {
    var value = try primary()
    while true {
      if try accept(".") {
        guard case .name(let name) = token else {
          throw ExpressionProblem(message: "expected a name after '.', found \(found)")
        }
        try advance()
        try count()
        value = try member(value, name)
      } else if try accept("[") {
        try count()
        value = .element(value, try conditional())
        try expect("]")
      } else {
        return value
      }
    }
  }

  private mutating func member(
    _ base: Expression, _ name: String
  ) throws(ExpressionProblem) -> Expression {
    if name == "as" {
      throw ExpressionProblem(message: "casts with .as<>", isUnsupported: true)
    }
    if token == .symbol("(") {
      try advance()
      if name == "substring" {
        let from = try conditional()
        try expect(",")
        let to = try conditional()
        try expect(")")
        return .substring(base, from, to)
      }
      guard name == "to_s" else {
        throw ExpressionProblem(message: "the method \(name)()", isUnsupported: true)
      }
      if case .text = token { try advance() }
      try expect(")")
      return .member(base, name)
    }
    guard !name.hasPrefix("_") else {
      throw ExpressionProblem(
        message: "'\(name)' of a field that is read already", isUnsupported: true)
    }
    guard Expression.Property(rawValue: name) != nil || scope.isFieldName(name) else {
      throw ExpressionProblem(message: "expected a field, found no '\(name)' in any type")
    }
    return .member(base, name)
  }

  private mutating func primary() throws(ExpressionProblem) -> Expression {
    let current = token
    try advance()
    switch current {
    case .integer(let value): return .integer(value)
    case .text(let text): return .text(text)
    case .symbol("("):
      let value = try conditional()
      try expect(")")
      return value
    case .symbol("["): return try byteArray()
    case .name(let name): return try named(name)
    default:
      throw ExpressionProblem(
        message: "expected a value, found \(current == .end ? "the end" : "an operator")")
    }
  }

  private mutating func byteArray() throws(ExpressionProblem) -> Expression {
    var bytes: [UInt8] = []
    while token != .symbol("]") {
      guard case .integer(let value) = token, let byte = UInt8(exactly: value) else {
        throw ExpressionProblem(message: "arrays of anything but bytes", isUnsupported: true)
      }
      bytes.append(byte)
      try advance()
      guard try accept(",") else { break }
    }
    try expect("]")
    return .bytes(bytes)
  }

  private mutating func named(_ name: String) throws(ExpressionProblem) -> Expression {
    switch name {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "_": return .item
    case "_index": return .itemIndex
    case "_io": return try stream(hops: 0)
    case "_root":
      guard try accept(".") else { break }
      return try outer(nil)
    case "_parent":
      var hops = 1
      while try accept(".") {
        if token == .name("_parent") {
          try advance()
          hops += 1
          guard hops <= Self.depthLimit else { break }
          continue
        }
        return try outer(hops)
      }
    case "sizeof", "bitsizeof": throw ExpressionProblem(message: "\(name)<>", isUnsupported: true)
    default:
      if token == .symbol("::") { return try enumerated(name) }
      if let meaning = scope.meaning(of: name) { return meaning }
      throw ExpressionProblem(
        message: "expected a field of this type, found no '\(name)'")
    }
    throw ExpressionProblem(
      message: "'\(name)' by itself, without a field behind it", isUnsupported: true)
  }

  private mutating func outer(_ hops: Int?) throws(ExpressionProblem) -> Expression {
    guard case .name(let name) = token else {
      throw ExpressionProblem(message: "expected a name after '.', found \(found)")
    }
    try advance()
    if name == "_io" { return try stream(hops: hops) }
    guard scope.isFieldName(name) else {
      throw ExpressionProblem(message: "expected a field, found no '\(name)' in any type")
    }
    if let hops { return .outer(hops: hops, name: name) }
    return .root(name)
  }

  private mutating func stream(hops: Int?) throws(ExpressionProblem) -> Expression {
    guard try accept("."), case .name(let name) = token,
      let property = Expression.StreamProperty(rawValue: name)
    else {
      throw ExpressionProblem(
        message: "_io for anything but _io.pos, _io.size and _io.eof", isUnsupported: true)
    }
    guard hops == 0 || property == .size else {
      throw ExpressionProblem(
        message: "_io.\(name) of another structure", isUnsupported: true)
    }
    try advance()
    return .stream(hops: hops, property)
  }

  private mutating func enumerated(_ first: String) throws(ExpressionProblem) -> Expression {
    var path = [first]
    while try accept("::") {
      guard case .name(let name) = token else {
        throw ExpressionProblem(message: "expected a name after '::', found \(found)")
      }
      path.append(name)
      try advance()
    }
    let label = path.removeLast()
    guard let enumeration = scope.enumeration(path) else {
      throw ExpressionProblem(
        message: "expected an enumeration, found no '\(path.joined(separator: "::"))'")
    }
    guard let value = enumeration.value(of: label) else {
      throw ExpressionProblem(
        message: "expected a label of '\(path.joined(separator: "::"))', found no '\(label)'")
    }
    return .integer(value)
  }
}

/// The meanings of names in an expression's type.
protocol NameScope {
  func meaning(of name: String) -> Expression?
  /// Whether any type of the layout has such a field or instance.
  func isFieldName(_ name: String) -> Bool
  func enumeration(_ path: [String]) -> Enumeration?
}
