/// Follows the index of a stream from its last block, which the footer names, to its first.
///
/// Each block must lie before the one that names it, so that this ends. Does no I/O: whoever
/// follows the chain reads the record at `nextOffset()` and hands it to `take(_:)`.
package struct IndexChain {
  // 2^20 blocks hold 2^33 chunks; a hostile stream could have as many empty ones as it has room
  // for.
  private static let blockLimit = 1 << 20

  private var next: UInt64?
  private var bound: UInt64
  private var count = 0

  /// The chain whose last block begins at `last`, in a stream whose records end at `end`.
  package init(last: UInt64?, before end: UInt64) {
    next = last
    bound = end
  }

  /// Where the next block begins; nil after the first of the stream. Throws `indexMismatch` if it
  /// cannot lie there.
  package func nextOffset() throws(StreamError) -> UInt64? {
    guard let next else { return nil }
    guard next >= UInt64(StreamHeader.byteCount), next < bound, count < Self.blockLimit else {
      throw StreamError(
        .indexMismatch, at: bound, expected: "an index block before this", found: "one at \(next)")
    }
    return next
  }

  /// Takes the record at `nextOffset()`, which must be a block.
  package mutating func take(
    _ record: Record, _ header: RecordHeader
  ) throws(StreamError) -> IndexBlock {
    guard let next, case .index(let block) = record else {
      throw StreamError(
        .indexMismatch, at: next ?? bound, expected: "an index block", found: "\(header.type)")
    }
    bound = next
    self.next = block.previousOffset
    count += 1
    return block
  }
}
