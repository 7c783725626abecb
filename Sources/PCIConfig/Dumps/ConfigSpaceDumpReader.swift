import ByteIO

/// Reads a text in which dumps stand piece by piece, so that only the dumps take memory.
///
/// What it reads is what ``ConfigSpaceDump/init(text:)`` does.
public struct ConfigSpaceDumpReader {
  /// How the text is stored: bytes to a character, and the character that ends a line.
  private struct Format {
    let width: Int
    let isBig: Bool
    let feed: UInt8
  }

  // As much tells encoding and ends of lines.
  private static let frontByteCount = 4096
  // The longest dump of a space on one line has a third of it.
  private static let lineByteLimit = 1 << 16

  private var devices = DumpTextReader()
  private var format: Format?
  /// What was not yet taken as a line.
  private var pending: [UInt8] = []
  private var number = 0
  private var isTooLong = false

  /// Nothing was read yet.
  public init() {}

  /// Reads on.
  ///
  /// - Throws: `PCIConfigError` as ``ConfigSpaceDump/init(text:)``.
  public mutating func read(_ bytes: RawSpan) throws(PCIConfigError) {
    pending += [UInt8](bytes)
    if format == nil, pending.count < Self.frontByteCount { return }
    try takeLines()
  }

  /// What the text shows, after its end.
  public consuming func finish() throws(PCIConfigError) -> ConfigSpaceDump {
    try takeLines()
    if !isTooLong { try take(pending[...]) }
    let found = try devices.finish()
    guard !found.isEmpty else {
      throw PCIConfigError(
        .dump,
        "expected a dump of configuration space, found text without one (no rows of lspci -x, "
          + "hexdump, xxd, od or a log)")
    }
    return try ConfigSpaceDump(found)
  }

  private mutating func takeLines() throws(PCIConfigError) {
    let format = format ?? begin()
    self.format = format
    var start = 0
    while let end = lineEnd(from: start, format) {
      try takeLine(start..<end, format)
      start = end &+ format.width
    }
    pending.removeFirst(start)
    if pending.count > Self.lineByteLimit {
      isTooLong = true
      pending.removeAll()
    }
  }

  /// Where the line that begins at `start` ends; nil if its end has not come.
  private func lineEnd(from start: Int, _ format: Format) -> Int? {
    let text = pending.span
    // The other half of a character of two bytes is zero.
    let (low, high) = format.isBig ? (1, 0) : (0, format.width &- 1)
    var index = start
    while index &+ format.width <= text.count {
      if text[index &+ low] == format.feed, low == high || text[index &+ high] == 0 {
        return index
      }
      index &+= format.width
    }
    return nil
  }

  private mutating func takeLine(
    _ range: Range<Int>, _ format: Format
  ) throws(PCIConfigError) {
    defer { isTooLong = false }
    guard !isTooLong, range.count <= Self.lineByteLimit else {
      number &+= 1
      return
    }
    try take(pending[range])
  }

  /// A line without its end.
  private mutating func take(_ line: ArraySlice<UInt8>) throws(PCIConfigError) {
    number &+= 1
    guard let format, format.width == 2 else { return try devices.read(line, number: number) }
    try devices.read(DumpText.utf8(line, isBig: format.isBig)[...], number: number)
  }

  /// Tells the format from the front, and passes over a mark of it.
  private mutating func begin() -> Format {
    let isBig = pending.span.raw.isBigUTF16
    let mark: [UInt8] =
      isBig == nil ? [0xef, 0xbb, 0xbf] : isBig == true ? [0xfe, 0xff] : [0xff, 0xfe]
    if pending.starts(with: mark) { pending.removeFirst(mark.count) }
    // A line ends in a line feed, with a carriage return before it or not, or in that alone.
    return Format(
      width: isBig == nil ? 1 : 2, isBig: isBig ?? false,
      feed: pending.contains(0x0d) && !pending.contains(0x0a) ? 0x0d : 0x0a)
  }
}
