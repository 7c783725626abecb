public import ByteIO
public import MigrationStream

/// What a target has answered a source that asked how a handover ended (`ferry receive --once`);
/// the JSON is `schemas/resolution.schema.json`.
public struct ResolutionReport: Report {
  /// Which handover it is.
  public let handover: StreamUUID
  /// The last decision in the target's journal; nil if there is none.
  public let decision: String?

  /// A report on this answer.
  public init(_ handover: StreamUUID, _ decision: String?) {
    self.handover = handover
    self.decision = decision
  }

  /// The answer on one line.
  public var text: String { "handover \(handover): \(decision ?? "no journal here has it")" }

  /// The same.
  public var json: JSONValue {
    ["handover": .string("\(handover)"), "decision": .optional(decision)]
  }
}
