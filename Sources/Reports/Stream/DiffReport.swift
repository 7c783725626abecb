public import ByteIO
public import Inputs
public import StreamIO

/// Where two streams or states mean different things (`ferry diff`); the JSON is
/// `schemas/diff.schema.json`.
public struct DiffReport: Report {
  /// The differences, in the order of the devices; none if both mean the same.
  public let differences: [StreamDifference]
  /// What layouts tell of differences in state, by device; nil stands for states without a stream.
  public let fields: [UInt16?: StateFields]
  /// Whether the text has the number of fields in place of their values.
  public let isStatistic: Bool

  /// A report on these differences.
  public init(
    _ differences: [StreamDifference], fields: [UInt16?: StateFields] = [:],
    isStatistic: Bool = false
  ) {
    self.differences = differences
    self.fields = fields
    self.isStatistic = isStatistic
  }

  /// A line for each difference, with the fields below it, or the ranges if it is one of bytes that
  /// no layout knows; empty if there is none.
  public var text: String {
    differences.flatMap { $0.lines(fields(of: $0), isStatistic: isStatistic) }
      .joined(separator: "\n")
  }

  /// Whether both are `equal`, and the `differences`.
  public var json: JSONValue {
    let differences = differences.map { $0.json.merged(with: fields(of: $0)?.json ?? .null) }
    return ["equal": .bool(differences.isEmpty), "differences": .array(differences)]
  }

  private func fields(of difference: StreamDifference) -> StateFields? {
    difference.subject == .state ? fields[difference.device] : nil
  }
}

extension StreamDifference {
  fileprivate func lines(_ fields: StateFields?, isStatistic: Bool) -> [String] {
    let device = device.map { "device \($0): " } ?? ""
    let field = field.map { ", \(TerminalText.text($0))" } ?? ""
    let sides = "\(TerminalText.text(left)) | \(TerminalText.text(right))"
    let line = "\(device)\(subject.rawValue)\(field): \(sides)"
    guard let ranges else { return [line] }
    let verb = ranges.byteCount == 1 ? "differs" : "differ"
    let below =
      if case .compared(let comparison, _) = fields {
        isStatistic ? comparison.statistics : comparison.lines
      } else {
        ranges.lines
      }
    let heading = "\(line), of which \(QuantityText.bytes(ranges.byteCount)) \(verb)"
    return [heading + (fields?.phrase ?? "")] + below.map { "  \(TerminalText.text($0))" }
  }

  fileprivate var json: JSONValue {
    let sides: JSONValue = [
      "subject": .string(subject.rawValue), "device": device.map { .number($0) },
      "field": field.map { .string($0) }, "left": .string(left), "right": .string(right),
    ]
    return sides.merged(with: ranges?.json ?? .null)
  }
}
