/// What the index holds of a chunk: where its record is, and the record's first 40 bytes as they
/// stand there.
///
/// So what an index says and what a scan finds are read by the same code, and cannot differ without
/// being noticed.
public struct IndexEntry: Sendable, Hashable {
  /// The size of an encoded entry.
  public static let byteCount = 8 + RecordHeader.byteCount + StateChunk.headByteCount
  /// The most entries of a block; a writer begins a new block when one is full.
  public static let blockCapacity = 8192

  /// Where the record begins, counted from the start of the stream.
  public var recordOffset: UInt64
  public var header: RecordHeader
  /// The chunk that the entry stands for.
  public var chunk: StateChunk

  public init(recordOffset: UInt64, header: RecordHeader, chunk: StateChunk) {
    self.recordOffset = recordOffset
    self.header = header
    self.chunk = chunk
  }

  /// Where the record after this one begins.
  public var endOffset: UInt64 {
    recordOffset &+ UInt64(RecordHeader.byteCount) &+ UInt64(header.storedByteCount)
  }

  /// Where the copy of the record's first bytes begins in an encoded entry; its offset is before.
  package static let startOffset = 8
}
