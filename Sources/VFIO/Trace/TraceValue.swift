/// A value of a traced call, as JSON has it: a number without a fraction (signed only if it is
/// negative), or a text.
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
  /// The field's name in the kernel's header.
  public var name: String
  /// The field's content.
  public var value: TraceValue

  /// A field with its content.
  public init(_ name: String, _ value: TraceValue) {
    self.name = name
    self.value = value
  }
}
