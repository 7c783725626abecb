public import ByteIO
public import VirtualPCI

/// What `ferry pci check` prints; the JSON is `schemas/pci-check.schema.json`.
extension CheckReport: Report {
  /// The answer, and below it every reason, warning and note.
  public var text: String {
    var lines = [answer]
    lines += reasons.map { "  refused: \($0)" }
    lines += unknowns.map { "  not known: \($0)" }
    if let command { lines.append("  `\(command)` as root gives the whole space") }
    lines += warnings.map { "  warning: \($0)" }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// The answer alone.
  public var answer: String {
    switch verdict {
    case .can: "\(device) can carry \(profile)"
    case .cannot: "\(device) cannot carry \(profile)"
    case .unknown: "cannot tell whether \(device) can carry \(profile)"
    }
  }
}

/// What `ferry pci derive` prints; the JSON is `schemas/pci-derive.schema.json`.
extension DerivationReport: Report {
  /// A line for each warning, and for each difference and how it was settled.
  public var text: String {
    (warnings.map { "warning: \($0)" } + entries.map(\.description)).joined(separator: "\n")
  }

  /// The profile's name, the devices, and every difference and how it was settled.
  public var json: JSONValue {
    [
      "profile": .string(profile), "devices": .strings(devices),
      "warnings": .strings(warnings), "entries": .array(entries.map(\.json)),
    ]
  }
}

extension DerivationReport.Entry {
  fileprivate var json: JSONValue {
    [
      "settlement": .string(settlement.rawValue), "capability": .string(capability),
      "field": .string(field), "settled": .string(settled), "reason": .string(reason),
      "found": .array(
        found.map { ["device": .string($0.device), "value": .string($0.value)] }),
    ]
  }
}
