import ByteIO
import Inputs
import StateLayout

extension StateFields {
  /// What stands behind the number of bytes that differ: how many fields they are in by which
  /// layout, or why no layout tells.
  var phrase: String {
    switch self {
    case .compared(let comparison, let isGuess):
      let fields = QuantityText.count(comparison.count, "field")
      let guess = isGuess ? ", which is a guess" : ""
      return ": \(fields) of the layout \(TerminalText.text(comparison.layout.name))\(guess)"
    case .unknown(let reason):
      return "; no layout tells which fields: \(TerminalText.text(reason))"
    }
  }

  var json: JSONValue {
    switch self {
    case .compared(let comparison, let isGuess):
      comparison.json.merged(with: ["guess": .bool(isGuess)])
    case .unknown(let reason): ["fieldsUnknown": .string(reason)]
    }
  }
}

extension FieldComparison {
  // What a page has room for of one group; the JSON has all that are kept.
  private static let shownCount: UInt64 = 8

  /// A line for each of the first differences of each group: `ports[0].count: 0 | 16`.
  var lines: [String] {
    let shown = Dictionary(grouping: differences, by: \.groupName)
    return groups.flatMap { group -> [String] in
      var lines = (shown[group.name] ?? []).prefix(Int(Self.shownCount)).map(\.line)
      if group.count > UInt64(lines.count) {
        lines.append("… \(group.name): \(QuantityText.count(group.count, "field")) in all")
      }
      return lines
    }
  }

  /// The `layout`, the first `fields`, their number, and that of each name.
  var json: JSONValue {
    [
      "layout": .string(layout.name), "fields": .array(differences.map(\.json)),
      "fieldCount": .number(count),
      "fieldGroups": .array(
        groups.map { ["name": .string($0.name), "count": .number($0.count)] }),
    ]
  }

  /// A line for each group: `ports[].count: 2 fields`.
  var statistics: [String] {
    groups.map { "\($0.name): \(QuantityText.count($0.count, "field"))" }
  }
}

extension FieldDifference {
  fileprivate var line: String {
    let run = lastItem.map { " to [\($0)]" } ?? ""
    let line = "\(path)\(run): \(Self.text(left, right)) | \(Self.text(right, left))"
    guard let ranges, let payload = left.first?.payload, payload.byteCount > 1 else { return line }
    let places = ranges.ranges.prefix(4).map { range in
      range.byteCount == 1
        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound - 1)"
    }
    let more = ranges.count > UInt64(places.count) ? " …" : ""
    return ranges.byteCount == 1
      ? "\(line); byte \(places[0]) differs"
      : "\(line); bytes \(places.joined(separator: ", "))\(more) differ"
  }

  /// One side of the difference; `other` is the other one.
  private static func text(_ nodes: [LayoutNode], _ other: [LayoutNode]) -> String {
    guard let first = nodes.first else { return "none" }
    if nodes.count > 1 {
      return first.integer == nil
        ? QuantityText.count(nodes.count, "item")
        : LayoutText.integers(nodes, count: UInt64(nodes.count))
    }
    switch first.content {
    case .integer, .text, .bytes: return LayoutText.value(first)
    case .record(let fields): return QuantityText.count(fields.count, "field")
    case .list(let items): return QuantityText.count(items.count, "item")
    }
  }

  fileprivate var json: JSONValue {
    let place: JSONValue = [
      "path": .string(path), "lastItem": lastItem.map { .number($0) },
      "left": Self.json(left), "right": Self.json(right),
    ]
    return place.merged(with: ranges?.json ?? .null)
  }

  private static func json(_ nodes: [LayoutNode]) -> JSONValue? {
    guard let first = nodes.first else { return nil }
    let range = nodes.last?.range.flatMap { last in
      first.range.map { $0.lowerBound..<last.upperBound }
    }
    let value: JSONValue =
      nodes.count == 1
      ? value(first)
      : first.integer == nil
        ? ["itemCount": .number(nodes.count)]
        : ["values": .array(nodes.compactMap(\.integer).map { .integer($0) })]
    let place: JSONValue = [
      "offset": range.map { .number($0.lowerBound) },
      "length": range.map { .number($0.upperBound - $0.lowerBound) },
    ]
    return place.merged(with: value)
  }

  // Of bytes behind these, the ranges that differ say enough.
  private static let hexByteCount = 64

  private static func value(_ node: LayoutNode) -> JSONValue {
    switch node.content {
    case .integer(let value):
      ["value": .integer(value), "meaning": node.meaning.map { .string($0) }]
    case .text(let text): ["value": .string(text)]
    case .bytes(let payload):
      [
        "byteCount": .number(payload.byteCount),
        "hex": payload.loadedBytes.map { .string(hex($0.prefix(hexByteCount))) },
      ]
    case .record(let fields): ["fieldCount": .number(fields.count)]
    case .list(let items): ["itemCount": .number(items.count)]
    }
  }
}
