public import MigrationStream

/// A record found in a file by its header.
public struct ScannedRecord: Sendable {
  /// Where the record begins.
  public let offset: UInt64
  /// The record's header, checked.
  public let header: RecordHeader
  /// The record; a chunk without its state bytes.
  public let content: Content

  /// The two kinds of records: those whose payload was read, and chunks.
  public enum Content: Sendable {
    /// A chunk, whose state was not read.
    case chunk(StateChunk)
    /// A record that is not a chunk, decoded.
    case metadata(Record)
  }

  /// Where the record's payload begins.
  public var payloadOffset: UInt64 { offset + UInt64(RecordHeader.byteCount) }
  /// Where the record after this one begins.
  public var endOffset: UInt64 { payloadOffset + UInt64(header.storedByteCount) }
}
