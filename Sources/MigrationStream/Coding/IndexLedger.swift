import ByteIO

/// The index that a stream should have: entries since the last block, as a count and a checksum.
///
/// The decoder compares each block with these and so needs no memory for the index; the encoder
/// also keeps the entries of the block to come.
struct IndexLedger {
  /// Where the last block begins.
  private(set) var lastBlockOffset: UInt64?
  private(set) var entryCount = 0
  private var checksum: UInt32 = 0

  /// Takes note of a chunk's entry.
  mutating func add(_ entry: borrowing ByteBuffer) {
    checksum = CRC32C.checksum(of: entry.bytes, continuing: checksum)
    entryCount += 1
  }

  /// Takes note of a block that begins at `offset`.
  mutating func close(at offset: UInt64) {
    lastBlockOffset = offset
    entryCount = 0
    checksum = 0
  }

  /// What `block` says otherwise than the stream, as expected and found.
  func mismatch(with block: IndexBlock) -> (expected: String, found: String)? {
    if block.previousOffset != lastBlockOffset {
      return (
        lastBlockOffset.map { "the index block before at \($0)" } ?? "no index block before",
        block.previousOffset.map { "one at \($0)" } ?? "none"
      )
    }
    if block.entryCount != entryCount {
      return ("\(entryCount) index entries", "\(block.entryCount)")
    }
    if CRC32C.checksum(of: block.entryBytes.span.raw) != checksum {
      return ("index entries of the chunks before", "others")
    }
    return nil
  }
}
