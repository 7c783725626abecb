import StreamIO

/// What `ferry diff --json` prints; the shape is `schemas/diff.schema.json`.
struct DiffReport: Encodable {
  struct Difference: Encodable {
    struct Range: Encodable {
      var offset: UInt64
      var length: UInt64
    }
    var subject: String
    var device: UInt16?
    var field: String?
    var left: String
    var right: String
    var ranges: [Range]?
    var rangeCount: UInt64?
    var byteCount: UInt64?
  }

  var equal: Bool
  var differences: [Difference]

  init(_ differences: [StreamDifference]) {
    equal = differences.isEmpty
    self.differences = differences.map { difference in
      Difference(
        subject: difference.subject.rawValue, device: difference.device, field: difference.field,
        left: difference.left, right: difference.right,
        ranges: difference.ranges?.ranges.map {
          Difference.Range(offset: $0.lowerBound, length: $0.byteCount)
        },
        rangeCount: difference.ranges?.count, byteCount: difference.ranges?.byteCount)
    }
  }

  /// A difference in lines for a person.
  static func lines(_ difference: StreamDifference) -> [String] {
    let device = difference.device.map { "device \($0): " } ?? ""
    let field = difference.field.map { ", \(TerminalText.text($0))" } ?? ""
    let left = TerminalText.text(difference.left)
    let right = TerminalText.text(difference.right)
    guard let ranges = difference.ranges else {
      return ["\(device)\(difference.subject.rawValue)\(field): \(left) | \(right)"]
    }
    return [
      "\(device)\(difference.subject.rawValue)\(field): \(left) | \(right), of which "
        + "\(QuantityText.bytes(ranges.byteCount)) \(ranges.byteCount == 1 ? "differs" : "differ")"
    ] + SalvageText.ranges(ranges).map { "  \($0)" }
  }
}
