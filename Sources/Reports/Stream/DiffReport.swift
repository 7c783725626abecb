public import ByteIO
public import StreamIO

/// Where two streams mean different things (`ferry diff`); the JSON is `schemas/diff.schema.json`.
public struct DiffReport: Report {
  /// The differences, in the order of the devices; none if the streams mean the same.
  public let differences: [StreamDifference]

  /// A report on these differences.
  public init(_ differences: [StreamDifference]) { self.differences = differences }

  /// A line for each difference, with the ranges below it if it is one of bytes; empty if there is
  /// none.
  public var text: String { differences.flatMap(\.lines).joined(separator: "\n") }

  /// Whether the streams are `equal`, and the `differences`.
  public var json: JSONValue {
    [
      "equal": .bool(differences.isEmpty), "differences": .array(differences.map(\.json)),
    ]
  }
}

extension StreamDifference {
  fileprivate var lines: [String] {
    let device = device.map { "device \($0): " } ?? ""
    let field = field.map { ", \(TerminalText.text($0))" } ?? ""
    let sides = "\(TerminalText.text(left)) | \(TerminalText.text(right))"
    let line = "\(device)\(subject.rawValue)\(field): \(sides)"
    guard let ranges else { return [line] }
    let verb = ranges.byteCount == 1 ? "differs" : "differ"
    return ["\(line), of which \(QuantityText.bytes(ranges.byteCount)) \(verb)"]
      + ranges.lines.map { "  \($0)" }
  }

  fileprivate var json: JSONValue {
    let sides: JSONValue = [
      "subject": .string(subject.rawValue), "device": device.map { .number($0) },
      "field": field.map { .string($0) }, "left": .string(left), "right": .string(right),
    ]
    return sides.merged(with: ranges?.json ?? .null)
  }
}
