public import MigrationStream

/// A record found in a file by its header.
public struct ScannedRecord: Sendable {
  /// Where the record begins.
  public let offset: UInt64
  public let header: RecordHeader
  public let content: Content

  public enum Content: Sendable {
    /// A chunk, whose state was not read.
    case chunk(StateChunk)
    case metadata(Record)
  }

  /// Where the record's payload begins.
  public var payloadOffset: UInt64 { offset + UInt64(RecordHeader.byteCount) }
  /// Where the record after this one begins.
  public var endOffset: UInt64 { payloadOffset + UInt64(header.storedByteCount) }
}
