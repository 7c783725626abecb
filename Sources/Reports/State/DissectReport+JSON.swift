public import ByteIO
public import StateLayout

extension DissectReport {
  /// Gives the JSON to `sink` in pieces of some KiB; no line feed at its end.
  public func writeJSON<Failure>(
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.write(members: head)
    writer.key("fields")
    try write(tree.root.fields, with: &writer, to: sink)
    writer.endObject()
    try sink(writer.take())
  }

  private var head: [JSONValue.Member] {
    [
      .init("complete", .bool(tree.isComplete)), .init("sound", .bool(tree.isSound)),
      .init("byteCount", .number(tree.byteCount)),
      .init(
        "layout",
        [
          "id": .string(tree.layout.id), "name": .string(tree.layout.name),
          "title": .string(tree.layout.title),
        ]),
      .init("detection", detectionJSON ?? .null),
      .init("findings", .array(tree.findings.map(\.json))),
      .init("moreFindings", .number(tree.moreFindings)),
    ]
  }

  private var detectionJSON: JSONValue? {
    guard let detection, let best = detection.best else { return nil }
    return [
      "driver": .optional(driver), "chosen": best.json,
      "others": .array(detection.others.map(\.json)),
    ]
  }

  // MARK: The tree

  private static let pieceByteCount = 1 << 14

  private func write<Failure>(
    _ nodes: [LayoutNode], with writer: inout JSONWriter,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginArray()
    for node in nodes {
      writer.beginObject()
      writer.write(members: node.members)
      switch node.content {
      case .bytes(let payload):
        if let sum = checksums?[payload] {
          writer.key("crc32c")
          writer.write(.string(hex(sum, digits: 8)))
        }
      case .record(let fields):
        writer.key("fields")
        try write(fields, with: &writer, to: sink)
      case .list(let items):
        writer.key("items")
        try write(items.first + items.last, with: &writer, to: sink)
      case .integer, .text: break
      }
      writer.endObject()
      if writer.pendingByteCount >= Self.pieceByteCount { try sink(writer.take()) }
    }
    writer.endArray()
  }
}

extension LayoutDetection.Candidate {
  fileprivate var json: JSONValue {
    [
      "layout": .string(layout.name), "certainty": .string("\(certainty)"),
      "reason": .string(reason),
    ]
  }
}

extension LayoutFinding {
  fileprivate var json: JSONValue {
    [
      "severity": .string("\(severity)"), "kind": .string(kind.rawValue), "path": .string(path),
      "offset": .number(range.lowerBound), "length": .number(range.upperBound - range.lowerBound),
      "message": .string(message),
    ]
  }
}

extension LayoutNode {
  /// The node without its fields or items.
  fileprivate var members: [JSONValue.Member] {
    var members = [JSONValue.Member("name", .string(name))]
    func add(_ key: String, _ value: JSONValue) { members.append(.init(key, value)) }
    if let range {
      add("offset", .number(range.lowerBound))
      add("length", .number(range.upperBound - range.lowerBound))
    }
    if origin != .sequence { add("origin", .string("\(origin)")) }
    if let meaning { add("meaning", .string(meaning)) }
    if let text = meaningDocumentation ?? documentation { add("documentation", .string(text)) }
    switch content {
    case .integer(let value):
      add("kind", .string("integer"))
      add("value", .integer(value))
      if isHexadecimal, value >= 0 { add("hex", .string("0x\(hex(value))")) }
    case .text(let text):
      add("kind", .string("text"))
      add("value", .string(text))
    case .bytes(let payload):
      add("kind", .string("bytes"))
      add("byteCount", .number(payload.byteCount))
      if let bytes = payload.loadedBytes { add("hex", .string(hex(bytes))) }
    case .record: add("kind", .string("record"))
    case .list(let items):
      add("kind", .string("list"))
      add("count", .number(items.count))
      if items.elidedCount > 0 {
        add(
          "elided", ["from": .number(items.first.count), "count": .number(items.elidedCount)])
      }
    }
    return members
  }
}
