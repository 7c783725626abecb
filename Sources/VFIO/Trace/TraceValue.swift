/// A value of a traced call, as JSON has it: a number without a fraction (signed only where it is negative), or a text.
public enum TraceValue: Sendable, Hashable {
  case unsigned(UInt64)
  case signed(Int64)
  case text(String)
}

extension TraceValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsigned(let value): "\(value)"
    case .signed(let value): "\(value)"
    case .text(let text): text
    }
  }
}

/// A named value of a traced call.
public struct TraceField: Sendable, Hashable {
  public var name: String
  public var value: TraceValue

  public init(_ name: String, _ value: TraceValue) {
    self.name = name
    self.value = value
  }
}
