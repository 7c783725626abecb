import ByteIO
import StateLayout

extension DissectReport {
  /// Gives the text to `sink` line by line, with offset and length before each field if
  /// `hasOffsets`; of a selection, only its fields.
  public func writeText<Failure: Error>(
    hasOffsets: Bool = false, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let page = DissectPage(hasOffsets: hasOffsets, checksums: checksums, levels: levels)
    if let selection { return try page.show(selection, to: sink) }
    for line in head { try sink(line) }
    try page.show(tree.root.fields, depth: 0, to: sink)
  }

  /// Gives a line for each field without fields of its own to `sink`: `ports[0].count = 16`.
  public func writeFlatText<Failure: Error>(
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let lines = FieldLines(checksums: checksums)
    if let selection {
      for field in selection { try lines.write(field.node, field.path, levels, to: sink) }
    } else {
      for field in tree.root.fields { try lines.write(field, field.name, levels, to: sink) }
    }
  }

  private var head: [String] {
    var lines = [
      "\(TerminalText.text(name)): \(TerminalText.text(tree.layout.name)), \(QuantityText.bytes(tree.byteCount)), \(verdict)",
      "  layout    \(TerminalText.text(tree.layout.title))",
    ]
    if let best = detection?.best { lines.append("  told by   \(TerminalText.text(best.reason))") }
    lines += (detection?.others ?? []).map { "  could be  \($0.layout.name): \($0.reason)" }
    for finding in tree.findings {
      let label = "\(finding.severity)".padded(to: 10)
      let place = finding.path.isEmpty ? "" : "\(finding.path): "
      lines.append("  \(label)\(place)\(finding.message)")
    }
    if tree.moreFindings > 0 {
      lines.append("  and \(QuantityText.count(tree.moreFindings, "finding")) more")
    }
    // The user's layout names itself.
    return lines.map(TerminalText.text) + [""]
  }
}

/// The tree as `ferry dissect` prints it for a person.
private struct DissectPage {
  let hasOffsets: Bool
  let checksums: [Payload: UInt32]?
  let levels: Int?

  private static let widthLimit = 24

  func show<Failure: Error>(
    _ selection: [LocatedField], to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let leaves = selection.filter { $0.node.content.isLeaf }
    let width = min(leaves.map(\.path.count).max() ?? 0, Self.widthLimit)
    for field in selection { try show(field.node, field.path, depth: 0, width: width, to: sink) }
  }

  func show<Failure: Error>(
    _ fields: [LayoutNode], depth: Int, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let isLast = isLast(depth)
    let width = fields.filter { isLast || $0.content.isLeaf }.map(\.name.count).max() ?? 0
    for field in fields {
      try show(
        field, field.name, depth: depth, width: min(width, Self.widthLimit), to: sink)
    }
  }

  private func show<Failure: Error>(
    _ node: LayoutNode, _ name: String, depth: Int, width: Int,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let isLast = isLast(depth)
    switch node.content {
    case .record(let fields) where isLast:
      try sink(
        line(node, "\(name.padded(to: width))  \(QuantityText.count(fields.count, "field"))", depth)
      )
    case .record(let fields):
      try sink(line(node, name, depth))
      try show(fields, depth: depth + 1, to: sink)
    case .list(let items):
      if items.first.allSatisfy({ $0.integer != nil }) {
        try sink(
          line(
            node,
            "\(name.padded(to: width))  \(LayoutText.integers(items.first, count: items.count))",
            depth))
      } else if isLast {
        let count = QuantityText.count(items.count, "item")
        try sink(line(node, "\(name.padded(to: width))  \(count)", depth))
      } else {
        try show(items, name, depth: depth, to: sink)
      }
    default:
      let value = LayoutText.value(node, checksums)
      let sign = node.origin == .computed ? "= " : ""
      try sink(line(node, "\(name.padded(to: width))  \(sign)\(value)", depth))
    }
  }

  private func show<Failure: Error>(
    _ items: LayoutNode.Items, _ name: String, depth: Int,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    for (index, item) in items.first.enumerated() {
      try show(item, "\(name)[\(index)]", depth: depth, width: 0, to: sink)
    }
    let before = UInt64(items.first.count) + items.elidedCount
    if items.elidedCount > 0 {
      try sink(
        margin(nil) + indent(depth)
          + "\(name)[\(items.first.count)] to [\(before - 1)] were read and are not shown")
    }
    for (index, item) in items.last.enumerated() {
      try show(
        item, "\(name)[\(before + UInt64(index))]", depth: depth, width: 0, to: sink)
    }
  }

  /// Whether nothing is shown of what is below fields at this depth.
  private func isLast(_ depth: Int) -> Bool { levels.map { depth + 1 >= $0 } ?? false }

  private func line(_ node: LayoutNode, _ text: String, _ depth: Int) -> String {
    var line = margin(node.range) + indent(depth) + TerminalText.text(text)
    while line.last == " " { line.removeLast() }
    return line
  }

  private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private func margin(_ range: Range<UInt64>?) -> String {
    guard hasOffsets else { return "" }
    guard let range else { return String(repeating: " ", count: 24) }
    let offset = "0x" + hex(range.lowerBound, digits: 6)
    let count = "\(range.upperBound - range.lowerBound)"
    return "\(offset.padded(to: 12))\(count.leading(10))  "
  }
}

/// The fields of a tree, a line each with its path.
private struct FieldLines {
  let checksums: [Payload: UInt32]?

  /// Writes a node, of which `levels` levels are given, itself among them.
  func write<Failure: Error>(
    _ node: LayoutNode, _ path: String, _ levels: Int?, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let isLast = levels.map { $0 <= 1 } ?? false
    switch node.content {
    case .record(let fields) where isLast:
      try sink("\(path) = \(QuantityText.count(fields.count, "field"))")
    case .record(let fields):
      for field in fields {
        try write(field, "\(path).\(field.name)", levels.map { $0 - 1 }, to: sink)
      }
    case .list(let items) where isLast && items.first.contains { $0.integer == nil }:
      try sink("\(path) = \(QuantityText.count(items.count, "item"))")
    case .list(let items):
      for (number, item) in items.numbered {
        try write(item, "\(path)[\(number)]", levels, to: sink)
      }
      if items.elidedCount > 0 {
        try sink(
          "\(path)[] = \(items.elidedCount) from [\(items.first.count)] on were read, not shown")
      }
    default: try sink("\(path) = \(LayoutText.value(node, checksums))")
    }
  }
}

extension LayoutNode.Content {
  /// Whether it has no fields or items of its own to show.
  fileprivate var isLeaf: Bool {
    switch self {
    case .integer, .text, .bytes: true
    case .record, .list: false
    }
  }
}
