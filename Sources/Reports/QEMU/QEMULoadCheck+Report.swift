public import ByteIO
import PCIConfig
public import QEMUStream

/// What `ferry qemu check` and `ferry pci diff --as-qemu` print; the JSON is
/// `schemas/pci-diff-qemu.schema.json`.
extension QEMULoadCheck: Report {
  /// The answer, QEMU's own message, the bytes that would be refused by capability, the ways out,
  /// and what machine versions change.
  public var text: String {
    var lines = [answer]
    if let message { lines.append("  \(message)") }
    lines += unknowns.map { "  not known: \($0)" }
    if let command { lines.append("  \(command) as root gives the whole space") }
    for group in groups { lines += group.lines }
    lines += reasons.map { "  refused: \($0)" }
    lines += machineProperties.map {
      "  \($0.name)=\($0.value) (machines \($0.machines)): "
        + "\(QuantityText.count($0.refused, "byte")) refused"
        + ($0.changesAnswer ? ", which changes the answer" : "")
    }
    lines += waysOut.map { "  way out: \($0)" }
    lines += notes.map { "  note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// The answer alone.
  public var answer: String {
    switch verdict {
    case .accepted: "QEMU would load it"
    case .refused: "QEMU would refuse it"
    case .unknown: "cannot tell whether QEMU would load it"
    }
  }

  /// What gives the bytes that are not known; nil if nothing is missing.
  private var command: String? {
    lacksBytes ? ConfigSpaceDump.wholeSpaceCommand(for: lackingAddress) : nil
  }

  /// The answer, QEMU's own message, and every byte that would be refused, with its masks.
  public var json: JSONValue {
    [
      "accepted": .bool(isAccepted), "verdict": .string(verdict.rawValue),
      "function": .optional(function?.rawValue), "message": .optional(message),
      "refused": .array(refused.map(\.json)), "groups": .array(groups.map(\.json)),
      "reasons": .strings(reasons), "unknown": .strings(unknowns),
      "switches": .array(
        machineProperties.map {
          [
            "name": .string($0.name), "value": .string($0.value),
            "machines": .string($0.machines), "refused": .number($0.refused),
            "changesAnswer": .bool($0.changesAnswer),
          ]
        }),
      "waysOut": .strings(waysOut), "notes": .strings(notes),
      "command": .optional(command),
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

extension QEMULoadCheck.Group {
  // More than a capability's registers in a line each, and few enough to be read.
  private static var runLimit: Int { 8 }
  private static var byteLimit: Int { 8 }

  /// One line for a capability, and one for each run of bytes.
  fileprivate var lines: [String] {
    let total =
      "  refused: \(owner): \(QuantityText.count(byteCount, "byte"))"
      + (runs.count > 1 ? " in \(runs.count) runs" : "")
    var lines = [total] + runs.prefix(Self.runLimit).map { "    " + Self.line($0) }
    if runs.count > Self.runLimit {
      lines.append("    and \(QuantityText.count(runs.count - Self.runLimit, "run")) more")
    }
    return lines
  }

  private static func line(_ run: [QEMULoadCheck.Mismatch]) -> String {
    func bytes(_ value: (QEMULoadCheck.Mismatch) -> UInt8) -> String {
      run.prefix(byteLimit).map { hex(value($0), digits: 2) }.joined(separator: " ")
        + (run.count > byteLimit ? " …" : "")
    }
    let first = run.first?.offset ?? 0
    let last = run.last?.offset ?? 0
    let place =
      "0x\(hex(first, digits: 3))" + (first == last ? "" : " to 0x\(hex(last, digits: 3))")
    return "\(place) \(fields(run).joined(separator: ", ")): "
      + "stream \(bytes(\.read)), destination \(bytes(\.device))"
  }

  /// The registers of a run, without the capability's name, each once.
  private static func fields(_ run: [QEMULoadCheck.Mismatch]) -> [String] {
    var names: [String] = []
    for mismatch in run {
      let name = mismatch.register
      if !name.isEmpty, names.last != name { names.append(name) }
    }
    guard names.count > 4 else { return names }
    return names.prefix(3) + ["… to \(names[names.count - 1])"]
  }

  fileprivate var json: JSONValue {
    [
      "owner": .string(owner), "bytes": .number(byteCount),
      "runs": .array(
        runs.map { run in
          [
            "offset": .number(run.first?.offset ?? 0), "bytes": .number(run.count),
            "fields": .strings(Self.fields(run)),
          ]
        }),
    ]
  }
}

extension QEMULoadCheck.Mismatch {
  /// The register alone.
  fileprivate var register: String {
    field == owner ? "" : String(field.dropFirst(owner.count + 1))
  }
}
