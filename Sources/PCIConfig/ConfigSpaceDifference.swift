import ByteIO

/// One thing in which two configuration spaces differ, or may.
public struct ConfigSpaceDifference: Sendable, Hashable {
  /// How sure the difference is.
  public enum Verdict: String, Sendable, Hashable {
    /// The spaces differ in it.
    case different
    /// A dump lacks the bytes that would tell.
    case unknown
    /// Something that no sound space shows; whether the spaces differ is another question.
    case finding
  }

  /// The capability by its name, `header`, or `space` for bytes that belong to nothing.
  public let capability: String
  /// The field, register or property that differs; empty for a capability as a whole.
  public let field: String
  /// Where it lies in the first space; absent if the first has none.
  public let offset: Int?
  /// What the first space has.
  public let first: String
  /// What the second space has.
  public let second: String
  /// How sure the difference is.
  public let verdict: Verdict
}

extension ConfigSpaceDifference: CustomStringConvertible {
  public var description: String {
    let place = offset.map { "0x\(hex($0, digits: 2)) " } ?? ""
    let note = verdict == .different ? "" : verdict == .unknown ? "not known: " : "note: "
    return "\(note)\(place)\(capability)\(field.isEmpty ? "" : ", \(field)"): \(first) | \(second)"
  }
}
