import ByteIO
import MigrationStream

/// Walks the records of an archive in their order, by the index where there is one: a chunk that the index names costs
/// no read.
public struct RecordCursor: ~Copyable {
  private var position = UInt64(StreamHeader.byteCount)
  private var ledger = StreamLedger()
  private var sequence: UInt32 = 0
  private var isDone = false

  private var nextBlock = 0
  private var entries: [UInt8] = []
  private var nextEntry = 0
  /// Where the last index block that came begins.
  private var lastBlock: UInt64?

  private var buffer = ByteBuffer()

  /// A cursor before the first record.
  public init() {}

  /// The next record, or nil after the last one.
  ///
  /// Throws `torn` at the end of a file that has no end record, and what is wrong with a record that is not good.
  public mutating func next(in archive: borrowing StreamArchive) throws(StreamIOError)
    -> ScannedRecord?
  {
    if isDone { return nil }
    if ledger.isFooterDue {
      isDone = true
      try checkEnd(of: archive)
      return nil
    }
    let record = try scan(in: archive)
    do throws(StreamError) {
      try admit(record)
    } catch {
      isDone = true
      throw StreamIOError(archive.path, .stream(error))
    }
    if case .metadata(.end(let totals)) = record.content {
      ledger.close(isIndexed: totals.isIndexed)
    }
    if record.header.type == .index { lastBlock = record.offset }
    position = record.endOffset
    sequence &+= 1
    return record
  }

  /// Throws unless the footer is all that follows.
  private func checkEnd(of archive: borrowing StreamArchive) throws(StreamIOError) {
    guard archive.footerOffset == position else {
      let footerEnd = position + UInt64(StreamFooter.byteCount)
      throw error(
        in: archive,
        archive.byteCount < footerEnd
          ? .torn : archive.byteCount == footerEnd ? .headerChecksum : .trailingData,
        at: archive.byteCount < footerEnd ? archive.byteCount : position,
        expected: "a footer and the end of the file",
        found: "\(archive.byteCount - position) bytes")
    }
    guard let blocks = archive.indexBlocks else { return }
    let isUsedUp = nextBlock == blocks.count && nextEntry * IndexEntry.byteCount == entries.count
    guard isUsedUp, lastBlock == blocks.last else {
      throw error(
        in: archive, .indexMismatch, expected: "an index of the chunks before",
        found: "another, or one that lies elsewhere")
    }
  }

  private mutating func admit(_ record: ScannedRecord) throws(StreamError) {
    let header = record.header
    let place = RecordPlace(
      payloadOffset: record.payloadOffset, record: sequence, device: header.deviceNumber)
    guard header.sequence == sequence else {
      throw place.error(
        .misplacedRecord, at: record.offset, expected: "record \(sequence)",
        found: "record \(header.sequence)")
    }
    guard !header.isMandatory || RecordType.known.contains(header.type) else {
      throw place.error(
        .unknownMandatoryRecord, at: record.offset, expected: "records of version 1.1",
        found: "a record of \(header.type), which must be understood")
    }
    var chunk: StateChunk?
    if case .chunk(let value) = record.content {
      try value.checkDependency(header, at: place)
      chunk = value
    }
    try ledger.admit(
      header, chunk: chunk, at: place, deviceLimit: DecodingLimits.standard.deviceCount)
    if case .metadata(let value) = record.content { try ledger.check(value, at: place) }
  }

  private mutating func scan(
    in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> ScannedRecord {
    if let entry = try indexedEntry(in: archive) {
      return ScannedRecord(
        offset: position, header: entry.header, content: .chunk(entry.chunk))
    }
    guard position < archive.byteCount else {
      isDone = true
      throw error(
        in: archive, .torn, expected: ledger.order.expectation, found: "the end of the file")
    }
    let header = try archive.input.recordHeader(
      at: position, uuidChecksum: archive.uuidChecksum, stream: archive.header,
      buffer: &buffer)
    guard header.type == .stateChunk else {
      let record = try archive.input.metadata(header, at: position, buffer: &buffer)
      return ScannedRecord(offset: position, header: header, content: .metadata(record))
    }
    let end =
      position + UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount)
    guard end <= archive.byteCount else {
      throw error(
        in: archive, .torn, at: archive.byteCount, device: header.deviceNumber,
        expected: "\(header.storedByteCount) bytes of \(header.type)", found: "the end of the file")
    }
    let chunk = StateChunk(
      header, head: buffer.bytes.extracting(droppingFirst: RecordHeader.byteCount),
      hasWindow: archive.header.limits.windowByteCount > 0)
    guard let chunk else {
      throw error(
        in: archive, .malformedRecord, device: header.deviceNumber,
        expected: "pre-copy (1) or stop-copy (2)", found: "another phase")
    }
    return ScannedRecord(offset: position, header: header, content: .chunk(chunk))
  }

  /// The index entry of the record at `position`, if it has one.
  private mutating func indexedEntry(
    in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> IndexEntry? {
    guard let blocks = archive.indexBlocks else { return nil }
    while nextEntry * IndexEntry.byteCount == entries.count {
      guard nextBlock < blocks.count else { return nil }
      guard case .index(let block) = try archive.record(at: blocks[nextBlock]) else { return nil }
      entries = block.entryBytes
      nextBlock += 1
      nextEntry = 0
    }
    let entries = entries
    let bytes = entries.span.raw.extracting(
      droppingFirst: nextEntry * IndexEntry.byteCount)
    let offset = bytes.little(UInt64.self, at: 0)
    if offset > position { return nil }
    guard offset == position,
      let entry = IndexEntry(parsing: bytes, in: archive),
      entry.endOffset <= archive.byteCount
    else {
      throw error(
        in: archive, .indexMismatch, expected: "an index entry for the chunk here",
        found: "one for \(offset)")
    }
    // A record header that is read is checked as it is read; this one only stands in the index.
    do throws(StreamError) {
      try entry.header.check(
        limits: archive.header.limits, features: archive.header.mandatoryFeatures, at: offset)
    } catch {
      throw StreamIOError(archive.path, .stream(error))
    }
    nextEntry += 1
    return entry
  }

  private func error(
    in archive: borrowing StreamArchive, _ code: StreamError.Code, at offset: UInt64? = nil,
    device: UInt16? = nil, expected: String, found: String
  ) -> StreamIOError {
    StreamIOError(
      archive.path,
      .stream(
        StreamError(
          code, at: offset ?? position, record: sequence, device: device, expected: expected,
          found: found)))
  }
}

extension IndexEntry {
  /// The entry in the first 48 of `bytes`, if it is of this archive.
  init?(parsing bytes: RawSpan, in archive: borrowing StreamArchive) {
    self.init(
      parsing: bytes, uuidChecksum: archive.uuidChecksum,
      hasWindow: archive.header.limits.windowByteCount > 0)
  }
}
