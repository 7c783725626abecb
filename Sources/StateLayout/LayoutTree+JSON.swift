public import ByteIO

extension LayoutTree {
  /// Gives the tree as JSON (`schemas/dissect.schema.json`) to `sink`, piece by piece; no line
  /// feed at its end.
  ///
  /// - Parameters:
  ///   - members: what comes before the tree's own.
  ///   - detection: how the layout was found; nil if it was given.
  ///   - driver: the kernel driver that handed the state out, if that is known.
  ///   - checksums: the CRC-32C of each part of bytes, if they are wanted.
  ///   - selection: the fields to give, each with its path; nil for those of the whole state.
  ///   - levels: how many levels of fields are given; nil for all.
  ///   - sink: takes the pieces.
  public func writeJSON<Failure: Error>(
    behind members: [JSONValue.Member] = [], detection: LayoutDetection? = nil,
    driver: String? = nil, checksums: [Payload: UInt32]? = nil,
    selection: [LocatedField]? = nil, levels: Int? = nil, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.write(members: members)
    writer.write(members: head(detection, driver).members)
    writer.key("fields")
    let output = TreeJSON(checksums: checksums)
    if let selection {
      writer.beginArray()
      for field in selection { try output.write(field, levels, with: &writer, to: sink) }
      writer.endArray()
    } else {
      try output.write(root.fields, levels, with: &writer, to: sink)
    }
    writer.endObject()
    try sink(writer.take())
  }

  private func head(_ detection: LayoutDetection?, _ driver: String?) -> JSONValue {
    [
      "complete": .bool(isComplete), "sound": .bool(isSound), "byteCount": .number(byteCount),
      "layout": [
        "id": .string(layout.id), "name": .string(layout.name), "title": .string(layout.title),
      ],
      "detection": detection?.json(driver) ?? .null, "findings": .array(findings.map(\.json)),
      "moreFindings": .number(moreFindings),
    ]
  }
}

/// Nodes with what is below them.
private struct TreeJSON {
  let checksums: [Payload: UInt32]?

  private static let pieceByteCount = 1 << 14

  func write<Failure: Error>(
    _ nodes: [LayoutNode], _ levels: Int?, with writer: inout JSONWriter,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginArray()
    for node in nodes { try write(node, levels, with: &writer, to: sink) }
    writer.endArray()
  }

  func write<Failure: Error>(
    _ field: LocatedField, _ levels: Int?, with writer: inout JSONWriter,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    try write(
      field.node, levels, behind: [JSONValue.Member("path", .string(field.path))], with: &writer,
      to: sink)
  }

  /// Writes a node, of which `levels` levels are given, itself among them.
  private func write<Failure: Error>(
    _ node: LayoutNode, _ levels: Int?, behind members: [JSONValue.Member] = [],
    with writer: inout JSONWriter, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginObject()
    writer.write(members: members)
    writer.write(members: node.head.members)
    let isLast = levels.map { $0 <= 1 } ?? false
    let below = levels.map { $0 - 1 }
    switch node.content {
    case .bytes(let payload):
      if let sum = checksums?[payload] {
        writer.key("crc32c")
        writer.write(.string(hex(sum, digits: 8)))
      }
    case .record(let fields) where isLast:
      writer.key("fieldCount")
      writer.write(.number(fields.count))
    case .record(let fields):
      writer.key("fields")
      try write(fields, below, with: &writer, to: sink)
    case .list(let items) where !isLast || items.first.allSatisfy({ $0.integer != nil }):
      writer.key("items")
      // Items are of the list's own level.
      try write(items.first + items.last, levels, with: &writer, to: sink)
    case .integer, .text, .list: break
    }
    writer.endObject()
    if writer.pendingByteCount >= Self.pieceByteCount { try sink(writer.take()) }
  }
}

extension LayoutDetection {
  /// Nil if no layout was found.
  fileprivate func json(_ driver: String?) -> JSONValue? {
    guard let best else { return nil }
    return [
      "driver": .optional(driver), "chosen": best.json, "others": .array(others.map(\.json)),
    ]
  }
}

extension LayoutDetection.Candidate {
  fileprivate var json: JSONValue {
    [
      "layout": .string(layout.name), "certainty": .string("\(certainty)"),
      "reason": .string(reason), "guess": .bool(isGuess),
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
  fileprivate var head: JSONValue {
    let place: JSONValue = [
      "name": .string(name), "offset": range.map { .number($0.lowerBound) },
      "length": range.map { .number($0.upperBound - $0.lowerBound) },
      "origin": origin == .sequence ? nil : .string("\(origin)"),
      "meaning": meaning.map { .string($0) },
      "documentation": (meaningDocumentation ?? documentation).map { .string($0) },
    ]
    return place.merged(with: content.json(isHexadecimal: isHexadecimal))
  }
}

extension LayoutNode.Content {
  fileprivate func json(isHexadecimal: Bool) -> JSONValue {
    switch self {
    case .integer(let value):
      [
        "kind": .string("integer"), "value": .integer(value),
        "hex": isHexadecimal && value >= 0 ? .string("0x\(hex(value))") : nil,
      ]
    case .text(let text): ["kind": .string("text"), "value": .string(text)]
    case .bytes(let payload):
      [
        "kind": .string("bytes"), "byteCount": .number(payload.byteCount),
        "hex": payload.loadedBytes.map { .string(hex($0)) },
      ]
    case .record: ["kind": .string("record")]
    case .list(let items):
      [
        "kind": .string("list"), "count": .number(items.count),
        "elided": items.elidedCount == 0
          ? nil
          : ["from": .number(items.first.count), "count": .number(items.elidedCount)],
      ]
    }
  }
}
