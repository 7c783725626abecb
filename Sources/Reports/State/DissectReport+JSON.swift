import ByteIO
import StateLayout

extension DissectReport {
  /// Prints the report as JSON, field by field: a tree of a hundred thousand fields is not held a second time as text.
  func printJSON(to output: inout TextOutput) throws {
    try output.print("{")
    try output.print("  \"complete\": \(tree.isComplete),")
    try output.print("  \"sound\": \(tree.isSound),")
    try output.print("  \"byteCount\": \(tree.byteCount),")
    try output.print("  \"layout\": {")
    try output.print("    \"id\": \(Self.string(tree.layout.id)),")
    try output.print("    \"name\": \(Self.string(tree.layout.name)),")
    try output.print("    \"title\": \(Self.string(tree.layout.title))")
    try output.print("  },")
    try output.print("  \"detection\": \(detectionText),")
    try output.print("  \"findings\": [\(findingsText)],")
    try output.print("  \"moreFindings\": \(tree.moreFindings),")
    try output.print("  \"fields\": [", terminator: "")
    try list(tree.root.fields, indent: "  ", to: &output)
    try output.print("]\n}")
  }

  private var detectionText: String {
    guard let detection, let best = detection.best else { return "null" }
    let others = detection.others.map(Self.candidate).joined(separator: ", ")
    return
      "{\"driver\": \(driver.map(Self.string) ?? "null"), \"chosen\": \(Self.candidate(best)), "
      + "\"others\": [\(others)]}"
  }

  private static func candidate(_ candidate: LayoutDetection.Candidate) -> String {
    "{\"layout\": \(string(candidate.layout.name)), \"certainty\": \"\(candidate.certainty)\", "
      + "\"reason\": \(string(candidate.reason))}"
  }

  private var findingsText: String {
    if tree.findings.isEmpty { return "" }
    let lines = tree.findings.map { finding in
      "    {\"severity\": \"\(finding.severity)\", \"kind\": \"\(finding.kind.rawValue)\", "
        + "\"path\": \(Self.string(finding.path)), \"offset\": \(finding.range.lowerBound), "
        + "\"length\": \(finding.range.upperBound - finding.range.lowerBound), "
        + "\"message\": \(Self.string(finding.message))}"
    }
    return "\n" + lines.joined(separator: ",\n") + "\n  "
  }

  // MARK: The tree

  private func list(
    _ nodes: [LayoutNode], indent: String, to output: inout TextOutput
  ) throws {
    for (index, node) in nodes.enumerated() {
      try output.print(index == 0 ? "" : ",")
      try write(node, indent: indent + "  ", to: &output)
    }
    if !nodes.isEmpty { try output.print("\n\(indent)", terminator: "") }
  }

  private func write(_ node: LayoutNode, indent: String, to output: inout TextOutput) throws {
    var members = ["\"name\": \(Self.string(node.name))"]
    if let range = node.range {
      members.append("\"offset\": \(range.lowerBound)")
      members.append("\"length\": \(range.upperBound - range.lowerBound)")
    }
    if node.origin != .sequence { members.append("\"origin\": \"\(node.origin)\"") }
    if let meaning = node.meaning { members.append("\"meaning\": \(Self.string(meaning))") }
    if let text = node.meaningDocumentation ?? node.documentation {
      members.append("\"documentation\": \(Self.string(text))")
    }
    var nested: (name: String, nodes: [LayoutNode])?
    switch node.content {
    case .integer(let value):
      members += ["\"kind\": \"integer\"", "\"value\": \(value)"]
      if node.isHexadecimal, value >= 0 { members.append("\"hex\": \"0x\(hex(value))\"") }
    case .text(let text): members += ["\"kind\": \"text\"", "\"value\": \(Self.string(text))"]
    case .bytes(let payload): members += try bytes(payload)
    case .record(let fields):
      members.append("\"kind\": \"record\"")
      nested = ("fields", fields)
    case .list(let items):
      members += ["\"kind\": \"list\"", "\"count\": \(items.count)"]
      if items.elidedCount > 0 {
        members.append(
          "\"elided\": {\"from\": \(items.first.count), \"count\": \(items.elidedCount)}")
      }
      nested = ("items", items.first + items.last)
    }
    try output.print("\(indent){\(members.joined(separator: ", "))", terminator: "")
    if let nested {
      try output.print(", \"\(nested.name)\": [", terminator: "")
      try list(nested.nodes, indent: indent, to: &output)
      try output.print("]", terminator: "")
    }
    try output.print("}", terminator: "")
  }

  private func bytes(_ payload: Payload) throws -> [String] {
    var members = ["\"kind\": \"bytes\"", "\"byteCount\": \(payload.byteCount)"]
    if let bytes = payload.loadedBytes { members.append("\"hex\": \"\(hex(bytes))\"") }
    if let checksum { members.append("\"crc32c\": \"\(try checksum(payload))\"") }
    return members
  }

  /// A text as JSON, with what a terminal might obey escaped.
  private static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
        result += "\\u" + hex(scalar.value, digits: 4)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
