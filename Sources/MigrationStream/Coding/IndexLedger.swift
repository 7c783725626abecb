import ByteIO

/// The index that a stream should have: the entries since the last block, as bytes.
///
/// A checksum of them would not do: an entry ends with the checksum of what stands before it in the
/// record's header, so a sum over both says nothing about the header.
struct IndexLedger: ~Copyable {
  /// Where the last block begins.
  private(set) var lastBlockOffset: UInt64?
  private(set) var entryCount = 0
  private var entries = ByteBuffer()
  // A block has no more; entries beyond it cannot be in one.
  private let blockByteLimit: Int

  /// A ledger of a stream whose metadata records have `blockByteLimit` bytes at most.
  init(blockByteLimit: Int) {
    self.blockByteLimit = blockByteLimit
  }

  /// Adds a chunk's entry.
  mutating func add(_ entry: borrowing ByteBuffer) {
    entryCount += 1
    guard entries.count + entry.count <= blockByteLimit else { return }
    entries.append(entry.bytes)
  }

  /// Begins anew behind a block that begins at `offset`.
  mutating func close(at offset: UInt64) {
    lastBlockOffset = offset
    entryCount = 0
    entries.removeAll()
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
    guard block.entryBytes.span.raw == entries.bytes else {
      return ("index entries of the chunks before", "others")
    }
    return nil
  }
}
