import ByteIO
import StateLayout

extension DissectReport {
  /// Gives the JSON to `sink` in pieces of some KiB; no line feed at its end.
  ///
  /// - Parameters:
  ///   - failure: what the command ends with, if it is no success; its members are the first.
  ///   - sink: takes the pieces.
  public func writeJSON<Failure: Error>(
    failure: FailureReport? = nil, to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.write(members: failure?.json.members ?? [])
    writer.write(members: head.members)
    writer.key("fields")
    try write(tree.root.fields, with: &writer, to: sink)
    writer.endObject()
    try sink(writer.take())
  }

  private var head: JSONValue {
    [
      "complete": .bool(tree.isComplete), "sound": .bool(tree.isSound),
      "byteCount": .number(tree.byteCount),
      "layout": [
        "id": .string(tree.layout.id), "name": .string(tree.layout.name),
        "title": .string(tree.layout.title),
      ],
      "detection": detectionJSON ?? .null, "findings": .array(tree.findings.map(\.json)),
      "moreFindings": .number(tree.moreFindings),
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

  private func write<Failure: Error>(
    _ nodes: [LayoutNode], with writer: inout JSONWriter,
    to sink: (String) throws(Failure) -> Void
  ) throws(Failure) {
    writer.beginArray()
    for node in nodes {
      writer.beginObject()
      writer.write(members: node.head.members)
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
