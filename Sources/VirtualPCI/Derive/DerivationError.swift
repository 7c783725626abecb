/// Why no profile can be derived that every device could carry.
public struct DerivationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One line for each reason, with the device.
  public let reasons: [String]

  init(_ reasons: [String]) { self.reasons = reasons }

  public var description: String { reasons.joined(separator: "\n") }
}
