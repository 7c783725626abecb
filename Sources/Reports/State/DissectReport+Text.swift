import ByteIO
import StateLayout

extension DissectReport {
  /// Gives the text to `sink` line by line, with offset and length before each field if
  /// `hasOffsets`.
  public func writeText<Failure: Error>(
    hasOffsets: Bool = false, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    for line in head { try sink(line) }
    let page = DissectPage(hasOffsets: hasOffsets, checksums: checksums)
    try page.show(tree.root.fields, depth: 0, to: sink)
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

  /// The most bytes and the most integers that are shown on a line.
  private static let shownCount = 16
  private static let widthLimit = 24

  func show<Failure: Error>(
    _ fields: [LayoutNode], depth: Int, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    let width = fields.filter(\.content.isLeaf).map(\.name.count).max() ?? 0
    for field in fields {
      try show(
        field, field.name, depth: depth, width: min(width, Self.widthLimit), to: sink)
    }
  }

  private func show<Failure: Error>(
    _ node: LayoutNode, _ name: String, depth: Int, width: Int,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    switch node.content {
    case .record(let fields):
      try sink(line(node, name, depth))
      try show(fields, depth: depth + 1, to: sink)
    case .list(let items):
      if items.first.allSatisfy({ $0.integer != nil }) {
        try sink(line(node, "\(name.padded(to: width))  \(integers(items))", depth))
      } else {
        try show(items, name, depth: depth, to: sink)
      }
    default:
      let value = leaf(node)
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

  private func leaf(_ node: LayoutNode) -> String {
    switch node.content {
    case .integer(let value):
      let number = integer(value, node)
      return node.meaning.map { "\(number) (\($0))" } ?? number
    case .text(let text): return "'\(text)'"
    case .bytes(let payload): return bytes(payload)
    case .record, .list: return ""
    }
  }

  private func integer(_ value: Int128, _ node: LayoutNode) -> String {
    node.isHexadecimal && value >= 0 ? "0x" + hex(value) : "\(value)"
  }

  private func integers(_ items: LayoutNode.Items) -> String {
    let shown = items.first.prefix(Self.shownCount).map { node in
      node.integer.map { integer($0, node) } ?? ""
    }
    let more = items.count > UInt64(shown.count) ? " … (\(items.count) in all)" : ""
    return shown.joined(separator: " ") + more
  }

  private func bytes(_ payload: Payload) -> String {
    let count = QuantityText.count(payload.byteCount, "byte")
    guard let bytes = payload.loadedBytes else {
      let sum = checksums?[payload].map { ", crc-32c \(hex($0, digits: 8))" } ?? ""
      return "\(count), not shown\(sum)"
    }
    if bytes.isEmpty { return "no bytes" }
    if bytes.count > Self.shownCount, bytes.allSatisfy({ $0 == bytes[0] }) {
      return "\(count), each \(hex(bytes[0], digits: 2))"
    }
    let shown = hex(bytes.prefix(Self.shownCount), separator: " ")
    guard bytes.count > Self.shownCount else { return shown }
    let sum = checksums?[payload].map { ", crc-32c \(hex($0, digits: 8))" } ?? ""
    return "\(shown) … (\(count)\(sum))"
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
