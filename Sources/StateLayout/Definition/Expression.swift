/// An expression of Kaitai Struct, with the names of its type's fields resolved.
indirect enum Expression: Sendable {
  case integer(Int128)
  case boolean(Bool)
  case text(String)
  case bytes([UInt8])
  /// A field of the type that the expression belongs to, by its place in the sequence.
  case field(Int)
  /// An instance of that type.
  case instance(Int)
  /// A count that the type keeps of a list's items.
  case counter(Int)
  /// A field of the structure around, `hops` levels up.
  case outer(hops: Int, name: String)
  /// A field of the top-level structure.
  case root(String)
  /// The item just read of a repeated field, or the value that is checked.
  case item
  /// The number of the item that is being read.
  case itemIndex
  case stream(hops: Int?, StreamProperty)
  case member(Expression, String)
  case element(Expression, Expression)
  case substring(Expression, Expression, Expression)
  case unary(UnaryOperator, Expression)
  case binary(BinaryOperator, Expression, Expression)
  case conditional(Expression, Expression, Expression)

  /// A property of a stream; `hops` of `.stream` says whose stream, nil for the top-level
  /// structure's.
  enum StreamProperty: String, Sendable {
    case position = "pos"
    case size
    case isAtEnd = "eof"
  }

  enum UnaryOperator: Sendable { case negate, complement, not }

  enum BinaryOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case shiftLeft = "<<"
    case shiftRight = ">>"
    case bitAnd = "&"
    case bitOr = "|"
    case bitXor = "^"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case and
    case or

    /// Whether it makes integers of integers, rather than a truth value.
    var isArithmetic: Bool {
      switch self {
      case .add, .subtract, .multiply, .divide, .remainder, .shiftLeft, .shiftRight, .bitAnd,
        .bitOr, .bitXor:
        true
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .and, .or: false
      }
    }
  }

  /// The meanings of `a.name` if `a` is no structure.
  enum Property: String, Sendable {
    case size, length, first, last, min, max
    case toInteger = "to_i"
    case toText = "to_s"
  }

  /// The most bytes of its own stream with which it is true, if it says only that.
  var longestStream: Int128? {
    guard case .binary(.lessOrEqual, .stream(hops: 0?, .size), .integer(let most)) = self else {
      return nil
    }
    return most
  }

  /// Whether the value depends on the end of a stream.
  var usesStreamEnd: Bool {
    switch self {
    case .stream(_, let property): property != .position
    case .integer, .boolean, .text, .bytes, .field, .instance, .counter, .outer, .root, .item,
      .itemIndex:
      false
    case .member(let base, _), .unary(_, let base): base.usesStreamEnd
    case .element(let left, let right), .binary(_, let left, let right):
      left.usesStreamEnd || right.usesStreamEnd
    case .substring(let a, let b, let c), .conditional(let a, let b, let c):
      a.usesStreamEnd || b.usesStreamEnd || c.usesStreamEnd
    }
  }
}

/// Why an expression's text could not be read.
struct ExpressionProblem: Error {
  let message: String
  var isUnsupported = false
}
