import StreamIO

/// What salvage lost, in lines for a person.
enum SalvageText {
  private static let shownRanges = 16

  static func lines(for loss: SalvageReport.Loss) -> [String] {
    var lines: [String] = []
    if loss.isIdentityLost { lines.append("  identity  lost") }
    lines += ranges(loss.missing).map { "  missing   \($0)" }
    if let start = loss.missingFrom {
      lines.append("  missing   from byte \(start) on; how much is not known")
    }
    return lines
  }

  /// `bytes 256 to 511 (256 bytes)` for each of the first ranges, and the number of the others.
  static func ranges(_ ranges: ByteRanges) -> [String] {
    var lines = ranges.ranges.prefix(shownRanges).map { range in
      range.byteCount == 1
        ? "byte \(range.lowerBound)"
        : "bytes \(range.lowerBound) to \(range.upperBound - 1) (\(QuantityText.bytes(range.byteCount)))"
    }
    if ranges.count > UInt64(lines.count) {
      lines.append(
        "and \(ranges.count - UInt64(lines.count)) more ranges, "
          + "\(QuantityText.bytes(ranges.byteCount)) in all")
    }
    return lines
  }
}
