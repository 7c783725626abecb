import ByteIO
import StateLayout

extension DissectReport {
  func printText(to output: inout TextOutput, hasOffsets: Bool) throws {
    try output.print(
      "\(name): \(tree.layout.name), \(QuantityText.bytes(tree.byteCount)), \(verdict)")
    try output.print("  layout    \(tree.layout.title)")
    if let best = detection?.best { try output.print("  told by   \(best.reason)") }
    for other in detection?.others ?? [] {
      try output.print("  could be  \(other.layout.name): \(other.reason)")
    }
    for finding in tree.findings {
      let label = "\(finding.severity)".padded(to: 10)
      let place = finding.path.isEmpty ? "" : "\(finding.path): "
      try output.print("  \(label)\(TerminalText.text(place + finding.message))")
    }
    if tree.moreFindings > 0 {
      try output.print("  and \(QuantityText.count(tree.moreFindings, "finding")) more")
    }
    try output.print("")
    let page = DissectPage(hasOffsets: hasOffsets, checksum: checksum)
    try page.show(tree.root.fields, depth: 0, to: &output)
  }
}

/// The tree as `ferry dissect` prints it for a person.
private struct DissectPage {
  let hasOffsets: Bool
  let checksum: ((Payload) throws -> String)?

  /// The most bytes and the most integers that are shown on a line.
  private static let shownCount = 16
  private static let widthLimit = 24

  func show(_ fields: [LayoutNode], depth: Int, to output: inout TextOutput) throws {
    let width = fields.filter(\.content.isLeaf).map(\.name.count).max() ?? 0
    for field in fields {
      try show(
        field, field.name, depth: depth, width: min(width, Self.widthLimit), to: &output)
    }
  }

  private func show(
    _ node: LayoutNode, _ name: String, depth: Int, width: Int, to output: inout TextOutput
  ) throws {
    switch node.content {
    case .record(let fields):
      try print(node, name, depth, to: &output)
      try show(fields, depth: depth + 1, to: &output)
    case .list(let items):
      if items.first.allSatisfy({ $0.integer != nil }) {
        try print(node, "\(name.padded(to: width))  \(integers(items))", depth, to: &output)
      } else {
        try show(items, name, depth: depth, to: &output)
      }
    default:
      let value = try leaf(node)
      let sign = node.origin == .computed ? "= " : ""
      try print(node, "\(name.padded(to: width))  \(sign)\(value)", depth, to: &output)
    }
  }

  private func show(
    _ items: LayoutNode.Items, _ name: String, depth: Int, to output: inout TextOutput
  ) throws {
    for (index, item) in items.first.enumerated() {
      try show(item, "\(name)[\(index)]", depth: depth, width: 0, to: &output)
    }
    let before = UInt64(items.first.count) + items.elidedCount
    if items.elidedCount > 0 {
      try output.print(
        margin(nil) + indent(depth)
          + "\(name)[\(items.first.count)] to [\(before - 1)] were read and are not shown")
    }
    for (index, item) in items.last.enumerated() {
      try show(
        item, "\(name)[\(before + UInt64(index))]", depth: depth, width: 0, to: &output)
    }
  }

  private func print(
    _ node: LayoutNode, _ text: String, _ depth: Int, to output: inout TextOutput
  ) throws {
    var line = margin(node.range) + indent(depth) + TerminalText.text(text)
    while line.last == " " { line.removeLast() }
    try output.print(line)
  }

  private func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private func margin(_ range: Range<UInt64>?) -> String {
    guard hasOffsets else { return "" }
    guard let range else { return String(repeating: " ", count: 24) }
    let offset = "0x" + hex(range.lowerBound, digits: 6)
    let count = "\(range.upperBound - range.lowerBound)"
    return offset.padded(to: 12) + String(repeating: " ", count: max(0, 10 - count.count)) + count
      + "  "
  }

  private func leaf(_ node: LayoutNode) throws -> String {
    switch node.content {
    case .integer(let value):
      let number = integer(value, node)
      return node.meaning.map { "\(number) (\($0))" } ?? number
    case .text(let text): return "'\(text)'"
    case .bytes(let payload): return try bytes(payload, node)
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

  private func bytes(_ payload: Payload, _ node: LayoutNode) throws -> String {
    let count = QuantityText.count(payload.byteCount, "byte")
    guard let bytes = payload.loadedBytes else {
      let sum = try checksum.map { ", crc-32c \(try $0(payload))" } ?? ""
      return "\(count), not shown\(sum)"
    }
    if bytes.isEmpty { return "no bytes" }
    if bytes.count > Self.shownCount, bytes.allSatisfy({ $0 == bytes[0] }) {
      return "\(count), each \(hex(bytes[0], digits: 2))"
    }
    let shown = hex(bytes.prefix(Self.shownCount), separator: " ")
    guard bytes.count > Self.shownCount else { return shown }
    let sum = try checksum.map { ", crc-32c \(try $0(payload))" } ?? ""
    return "\(shown) … (\(count)\(sum))"
  }
}
