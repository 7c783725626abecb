import ByteIO
import MigrationStream

/// Goes through the entries of an archive's index, from the first to the last.
struct IndexCursor {
  private var nextBlock = 0
  private var block = IndexBlock(previousOffset: nil, entryBytes: [])
  private var place = RecordPlace(payloadOffset: 0, record: 0)
  private var number = 0

  /// The error that the entry at hand does not fit to the stream, at the place where a decoder
  /// finds that it does not.
  var mismatch: StreamError {
    place.error(
      .indexMismatch, expected: "index entries of the chunks before", found: "others")
  }

  /// Makes sure that there is an entry at hand; false after the last one.
  mutating func load(from archive: borrowing StreamArchive) throws(StreamIOError) -> Bool {
    guard let blocks = archive.indexBlocks else { return false }
    while number == block.entryCount {
      guard nextBlock < blocks.count else { return false }
      (block, place) = try archive.indexBlock(at: blocks[nextBlock])
      nextBlock += 1
      number = 0
    }
    return true
  }

  /// The encoded entry at hand.
  var entry: RawSpan {
    @_lifetime(borrow self)
    get { block.entry(number) }
  }

  /// Passes over the entry at hand.
  mutating func advance() { number += 1 }

  /// Takes the first bytes of the record at `offset` into `buffer`; false if no entry has them.
  ///
  /// Entries of what lies before are passed over: the block is held against the records once it
  /// comes.
  mutating func takeStart(
    of offset: UInt64, into buffer: inout ByteBuffer, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> Bool {
    while try load(from: archive) {
      let found = entry.little(UInt64.self, at: 0)
      if found > offset { return false }
      if found == offset {
        buffer.removeAll()
        buffer.append(entry.extracting(droppingFirst: IndexEntry.startOffset))
      }
      advance()
      if found == offset { return true }
    }
    return false
  }
}
