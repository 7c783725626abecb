/// One answer of a device that is not the one that its check expects.
public struct Finding: Sendable, Hashable {
  /// What was asked of the device.
  public let asked: String
  /// The answer that the check's source asks for.
  public let expected: String
  /// The answer that came.
  public let found: String
  /// The calls since the device last ran undisturbed, which reproduce the answer.
  public let calls: [String]

  /// A finding with the calls that led to it.
  public init(asked: String, expected: String, found: String, calls: [String]) {
    self.asked = asked
    self.expected = expected
    self.found = found
    self.calls = calls
  }
}
