public import ByteIO

extension CheckReport {
  /// The command that prints, to root, the bytes of the dump that decide; nil if none is missing.
  public var command: String? { unknowns.isEmpty ? nil : wholeSpaceCommand }

  /// The answer, and every reason, warning and note: `schemas/pci-check.schema.json`.
  public var json: JSONValue {
    [
      "profile": .string(profile), "device": .string(device), "canCarry": .bool(canCarry),
      "reasons": .array(reasons.map(\.json)), "warnings": .array(warnings.map(\.json)),
      "notes": .array(notes.map(\.json)), "verdict": .string(verdict.rawValue),
      "unknown": .array(unknowns.map(\.json)), "command": .optional(command),
    ]
  }
}

extension CheckReport.Reason {
  fileprivate var json: JSONValue {
    [
      "capability": .string(capability), "field": .string(field), "wanted": .string(wanted),
      "found": .string(found), "why": .string(why),
    ]
  }
}
