import ByteIO
public import StateLayout
public import StreamIO

extension InputFile {
  /// Has zeros come from a file of state in place of the bytes that mean nothing by its layout;
  /// which layout that is. It is nil if the content does not tell it, and nothing is cleared then.
  ///
  /// The file must be one that can be read at an offset.
  public mutating func scrub() throws(StreamIOError) -> Layout? {
    let state = FileState(try duplicate())
    guard let best = try Layout.detect(state).best, !best.isGuess else { return nil }
    let ranges = try best.layout.dissect(state).meaninglessRanges
    if !ranges.isEmpty { try filter(by: ZeroingFilter(ranges), from: 0) }
    return best.layout
  }
}

/// Makes zeros of ranges of a file.
private final class ZeroingFilter: InputFilter {
  // In their order.
  private let ranges: [Range<UInt64>]
  private var next = 0
  private var position: UInt64 = 0

  init(_ ranges: [Range<UInt64>]) { self.ranges = ranges.sorted { $0.lowerBound < $1.lowerBound } }

  func read(
    into span: inout MutableRawSpan, of name: String,
    from source: (inout MutableRawSpan) throws(StreamIOError) -> Int
  ) throws(StreamIOError) -> Int {
    let count = try source(&span)
    let end = position + UInt64(count)
    while next < ranges.count, ranges[next].lowerBound < end {
      let range = ranges[next].clamped(to: position..<end)
      for offset in range {
        span.storeBytes(of: 0, toByteOffset: Int(offset - position), as: UInt8.self)
      }
      guard ranges[next].upperBound <= end else { break }
      next += 1
    }
    position = end
    return count
  }
}
