public import ByteIO
public import MigrationStream
public import Transport

/// What a target has answered a source that asked how a handover ended (`ferry receive --once`);
/// the JSON is `schemas/resolution.schema.json`.
public struct ResolutionReport: Report {
  /// Which handover it is.
  public let handover: StreamUUID
  /// The last decision in the target's journal; nil if there is none.
  public let decision: String?

  /// How what passed was protected.
  public let security: ConnectionSecurity

  /// A report on this answer.
  public init(_ handover: StreamUUID, _ decision: String?, _ security: ConnectionSecurity) {
    self.handover = handover
    self.decision = decision
    self.security = security
  }

  /// The answer, and how the connection was protected.
  public var text: String {
    "handover \(handover): \(decision ?? "no journal here has it")\nconnection \(security.text)"
  }

  /// The same.
  public var json: JSONValue {
    [
      "handover": .string("\(handover)"), "decision": .optional(decision),
      "security": security.json,
    ]
  }
}
