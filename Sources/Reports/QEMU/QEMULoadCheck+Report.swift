public import ByteIO
import PCIConfig
public import QEMUStream

/// What `ferry qemu check` and `ferry pci diff --as-qemu` print; the JSON is
/// `schemas/pci-diff-qemu.schema.json`.
extension QEMULoadCheck: Report {
  /// The answer, QEMU's own message, every byte that would be refused, and what machine versions
  /// change.
  public var text: String {
    var lines = [answer]
    if let message { lines.append("  \(message)") }
    lines += unknowns.map { "  not known: \($0)" }
    if let command { lines.append("  \(command) as root gives the whole space") }
    lines += refused.map { "  refused: \($0.field): \($0.summary)" }
    lines += machineProperties.map {
      "  \($0.name)=\($0.value) (machines \($0.machines)): "
        + "\(QuantityText.count($0.refused, "byte")) refused"
        + ($0.changesAnswer ? ", which changes the answer" : "")
    }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }

  private var answer: String {
    switch verdict {
    case .accepted: "QEMU would load it"
    case .refused: "QEMU would refuse it"
    case .unknown: "cannot tell whether QEMU would load it"
    }
  }

  /// What gives the bytes that are not known; nil if nothing is missing.
  private var command: String? {
    unknowns.isEmpty ? nil : ConfigSpaceDump.wholeSpaceCommand(for: nil)
  }

  /// The answer, QEMU's own message, and every byte that would be refused, with its masks.
  public var json: JSONValue {
    [
      "accepted": .bool(isAccepted), "message": .optional(message),
      "refused": .array(refused.map(\.json)),
      "switches": .array(
        machineProperties.map {
          [
            "name": .string($0.name), "value": .string($0.value),
            "machines": .string($0.machines), "refused": .number($0.refused),
            "changesAnswer": .bool($0.changesAnswer),
          ]
        }),
      "notes": .strings(notes), "verdict": .string(verdict.rawValue),
      "unknown": .strings(unknowns), "command": .optional(command),
    ]
  }
}

extension QEMULoadCheck.Mismatch {
  fileprivate var json: JSONValue {
    [
      "offset": .number(offset), "read": .number(read), "device": .number(device),
      "cmask": .number(cmask), "wmask": .number(wmask), "w1cmask": .number(w1cmask),
      "field": .string(field), "message": .string(message),
    ]
  }
}
