public import ByteIO
public import PCIConfig

/// What `ferry pci diff` prints; the JSON is `schemas/pci-diff.schema.json`.
extension DumpComparison: Report {
  /// A line for each difference, under its slot if there are several; empty if there is none.
  public var text: String {
    var lines: [String] = []
    let isSingle = pairs.count == 1 && onlyInFirst.isEmpty && onlyInSecond.isEmpty
    for pair in pairs {
      let slot = pair.address.flatMap { isSingle ? nil : "\($0) " } ?? ""
      lines += pair.comparison.differences.map { "\(slot)\($0)" }
      if let command = pair.command {
        lines.append("\(slot)cannot tell: `\(command)` as root gives the whole space")
      }
    }
    lines += onlyInFirst.map { "\($0): present | absent" }
    lines += onlyInSecond.map { "\($0): absent | present" }
    return lines.joined(separator: "\n")
  }

  /// The answer alone.
  public var answer: String {
    switch verdict {
    case .equal: "the spaces are equal"
    case .different: "the spaces differ"
    case .unknown: "cannot tell whether the spaces are equal"
    }
  }

  /// The `verdict`, and the `differences` of each function, then the functions that only one dump
  /// has.
  public var json: JSONValue {
    let differences =
      pairs.flatMap { pair in pair.comparison.differences.map { $0.json(of: pair) } }
      + onlyInFirst.map { Self.json($0, "present", "absent") }
      + onlyInSecond.map { Self.json($0, "absent", "present") }
    return ["verdict": .string(verdict.rawValue), "differences": .array(differences)]
  }

  private static func json(_ address: PCIAddress, _ first: String, _ second: String) -> JSONValue {
    [
      "capability": .string("device"), "field": .string(""), "offset": .null,
      "first": .string(first), "second": .string(second), "slot": .string(address.description),
      "verdict": .string(ConfigSpaceDifference.Verdict.different.rawValue), "command": .null,
    ]
  }
}

extension DumpComparison.Pair {
  /// What gives the bytes that would tell; nil if none are missing.
  fileprivate var command: String? {
    comparison.verdict == .unknown ? ConfigSpaceDump.wholeSpaceCommand(for: address) : nil
  }
}

extension ConfigSpaceDifference {
  fileprivate func json(of pair: DumpComparison.Pair) -> JSONValue {
    [
      "capability": .string(capability), "field": .string(field),
      "offset": .optional(offset), "first": .string(first),
      "second": .string(second), "slot": .optional(pair.address?.description),
      "verdict": .string(verdict.rawValue),
      "command": .optional(
        verdict == .unknown ? ConfigSpaceDump.wholeSpaceCommand(for: pair.address) : nil),
    ]
  }
}
