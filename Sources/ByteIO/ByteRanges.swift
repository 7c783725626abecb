/// Ranges of bytes in ascending order, of which only the first are kept.
public struct ByteRanges: Sendable, Hashable {
  /// How many ranges are kept; more are counted.
  public static let capacity = 1000

  /// The ranges kept.
  public private(set) var ranges: [Range<UInt64>] = []
  /// The number of all ranges.
  public private(set) var count: UInt64 = 0
  /// The bytes in all of them.
  public private(set) var byteCount: UInt64 = 0
  private var end: UInt64 = 0

  /// No range.
  public init() {}

  /// Whether no range was added.
  public var isEmpty: Bool { count == 0 }

  /// Adds `range`, which must not begin before the end of the last one, joining the two if they
  /// touch.
  public mutating func append(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    byteCount = byteCount.addingSaturating(range.byteCount)
    if count > 0 && range.lowerBound == end {
      if count <= UInt64(Self.capacity), let last = ranges.popLast() {
        ranges.append(last.lowerBound..<range.upperBound)
      }
    } else {
      count += 1
      if ranges.count < Self.capacity { ranges.append(range) }
    }
    end = range.upperBound
  }
}

extension ByteRanges {
  /// Adds the ranges in which two spans of the same length differ; `offset` is where they begin.
  package mutating func append(differing left: RawSpan, from right: RawSpan, at offset: UInt64) {
    var index = 0
    let count = left.byteCount
    while index < count {
      // In large steps while they are equal, which is what two states mostly are.
      for step in [4096, 8] {
        while index &+ step <= count,
          left.extracting(index..<index &+ step) == right.extracting(index..<index &+ step)
        { index &+= step }
      }
      while index < count, left[byte: index] == right[byte: index] { index &+= 1 }
      let start = index
      while index < count, left[byte: index] != right[byte: index] { index &+= 1 }
      append(offset + UInt64(start)..<offset + UInt64(index))
    }
  }
}

extension Range where Bound == UInt64 {
  /// The number of bytes in the range, which may be more than `count` can hold.
  public var byteCount: UInt64 { upperBound - lowerBound }
}
