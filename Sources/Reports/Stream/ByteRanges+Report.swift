public import ByteIO
import MigrationStream
public import StreamIO

extension ByteRanges {
  // What a page has room for; the JSON has all that are kept.
  private static let shownCount = 16

  /// `bytes 256 to 511 (256 bytes)` for each of the first ranges, and the number of the others.
  public var lines: [String] {
    var lines = ranges.prefix(Self.shownCount).map { range in
      range.byteCount == 1
        ? "byte \(range.lowerBound)"
        : "bytes \(range.lowerBound) to \(range.upperBound - 1) "
          + "(\(QuantityText.bytes(range.byteCount)))"
    }
    if count > UInt64(lines.count) {
      lines.append(
        "and \(count - UInt64(lines.count)) more ranges, \(QuantityText.bytes(byteCount)) in all")
    }
    return lines
  }

  /// `ranges` (the first thousand, by `offset` and `length`), `rangeCount` and `byteCount`.
  var json: JSONValue {
    [
      "ranges": .array(
        ranges.map { ["offset": .number($0.lowerBound), "length": .number($0.byteCount)] }),
      "rangeCount": .number(count), "byteCount": .number(byteCount),
    ]
  }
}

extension SalvageReport.Loss {
  /// What of a device is missing, a line each.
  public var lines: [String] {
    var lines: [String] = []
    if isIdentityLost { lines.append("  identity  lost") }
    lines += missing.lines.map { "  missing   \($0)" }
    if let start = missingFrom {
      lines.append("  missing   from byte \(start) on; how much is not known")
    }
    if let defect { lines.append("  damage    \(defect)") }
    return lines
  }

  var json: JSONValue {
    let identity: JSONValue = ["identity": .bool(isIdentityLost)]
    return identity.merged(with: missing.json)
      .merged(with: [
        "from": missingFrom.map { .number($0) }, "defect": defect.map { .string("\($0)") },
      ])
  }
}

extension SalvageReport {
  /// What is wrong with the stream, but for what a device lost, a line each.
  public var lines: [String] {
    var lines = damage.lines.map { "  damage    \($0) of the file" }
    if missingRecordCount > 0 {
      lines.append("  missing   \(QuantityText.count(missingRecordCount, "record")) by number")
    }
    // What is wrong with a device stands below that.
    if let defect, !losses.contains(where: { $0.defect == defect }) {
      lines.append("  \(condition == .incomplete ? "missing " : "damage  ")  \(defect)")
    }
    return lines
  }
}

extension StreamError {
  /// What is wrong with the stream `path`, and where.
  func json(in path: String) -> JSONValue {
    ErrorDetail(self, file: path).json(message: "\(StreamIOError(path, .stream(self)))")
  }
}

extension StreamHeader {
  /// The version of the format.
  /// Which channel of several the stream is; absent for a whole one.
  var channelJSON: JSONValue? {
    channelCount > 1 ? ["number": .number(channel), "count": .number(channelCount)] : nil
  }

  var formatJSON: JSONValue {
    ["major": .number(version.major), "minor": .number(version.minor)]
  }
}
