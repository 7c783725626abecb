import ByteIO

/// One thing in which two configuration spaces differ.
public struct ConfigSpaceDifference: Sendable, Hashable {
  /// The capability by its name, `header`, or `space` for bytes that belong to nothing.
  public let capability: String
  public let field: String
  /// Where it lies in the first space; absent where the first has none.
  public let offset: Int?
  /// What the first space has.
  public let first: String
  /// What the second space has.
  public let second: String
}

extension ConfigSpaceDifference: CustomStringConvertible {
  public var description: String {
    let place = offset.map { "0x\(hex($0, digits: 2)) " } ?? ""
    return "\(place)\(capability)\(field.isEmpty ? "" : ", \(field)"): \(first) | \(second)"
  }
}
