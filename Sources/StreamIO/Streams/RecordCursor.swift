import ByteIO
import MigrationStream

/// Walks the records of an archive in their order, by the index if there is one.
///
/// A chunk that the index names costs no read. Errors are those of `StreamReader`, at the same
/// places, but a walk does not read the payloads of chunks: it passes over damage in them, and over
/// a chunk's record that is not what the index says, to what is wrong behind. Where the index names
/// what is not there, the records are found by scanning from there on.
public struct RecordCursor: ~Copyable {
  private var parser: RecordParser
  private var resolver: ChunkResolver<Void>
  private var index = IndexCursor()
  private var position = UInt64(StreamHeader.byteCount)
  private let isVerifying: Bool
  private var isDone = false
  // What the index says that the records do not.
  private var indexDefect: StreamError?
  // The first bytes of the record at hand, from the index or the file.
  private var start = ByteBuffer()
  private var payload = ByteBuffer()

  /// A cursor before the first record of `archive`.
  public init(in archive: borrowing StreamArchive) {
    self.init(in: archive, verifyingIndex: false)
  }

  /// The same; if `verifyingIndex`, the first bytes of every chunk must be those that the index
  /// has.
  init(in archive: borrowing StreamArchive, verifyingIndex: Bool) {
    isVerifying = verifyingIndex
    parser = RecordParser(archive.header, limits: .standard)
    resolver = ChunkResolver(windowByteCount: archive.header.limits.windowByteCount)
  }

  /// The next record, or nil after the last one.
  ///
  /// Throws `torn` at the end of a file that has no end record, and what is wrong with a record
  /// that is not good.
  public mutating func next(in archive: borrowing StreamArchive) throws(StreamIOError)
    -> ScannedRecord?
  {
    if isDone { return nil }
    do throws(StreamIOError) {
      if !parser.isFooterDue { return try scan(in: archive) }
      isDone = true
      if let indexDefect { throw StreamIOError(archive.path, .stream(indexDefect)) }
      try checkEnd(of: archive)
      return nil
    } catch {
      isDone = true
      throw error
    }
  }

  /// Throws unless the footer is all that follows.
  private mutating func checkEnd(of archive: borrowing StreamArchive) throws(StreamIOError) {
    let footer = 0..<StreamFooter.byteCount
    try archive.input.read(into: &start, at: position, count: footer.count + 1)
    let end = position + UInt64(start.count)
    do throws(StreamError) {
      guard start.count >= footer.count else { throw parser.torn(at: end) }
      try parser.checkFooter(in: start, footer, at: position)
      guard start.count == footer.count else {
        throw parser.excess(at: position + UInt64(footer.count))
      }
    } catch {
      throw StreamIOError(archive.path, .stream(error))
    }
  }

  private mutating func scan(
    in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> ScannedRecord {
    let number = parser.sequence
    let isIndexed =
      indexDefect == nil ? try index.takeStart(of: position, into: &start, in: archive) : false
    do throws(StreamIOError) {
      return try record(number, isIndexed: isIndexed, in: archive)
    } catch {
      let mismatch = index.mismatch
      guard isIndexed, parser.sequence == number, error.cause == .stream(mismatch) else {
        throw error
      }
      indexDefect = mismatch
      return try scan(in: archive)
    }
  }

  /// The record at hand, whose first bytes are taken from the file unless the index gave them.
  private mutating func record(
    _ number: UInt32, isIndexed: Bool, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> ScannedRecord {
    if !isIndexed {
      try archive.input.read(into: &start, at: position, count: Self.startByteCount)
    } else if isVerifying {
      try archive.input.read(into: &payload, at: position, count: Self.startByteCount)
      if !(payload.bytes == start.bytes) {
        try examine(number: number, isIndexed: true, in: archive)
      }
    }
    let header: RecordHeader
    do throws(StreamError) {
      header = try readHeader(upTo: archive.byteCount)
      if header.type == .stateChunk { return advance(over: header, .chunk(try readChunk(header))) }
      if isIndexed { throw index.mismatch }
    } catch {
      if isIndexed || error.code != .torn {
        try examine(number: number, isIndexed: isIndexed, in: archive)
      }
      throw StreamIOError(archive.path, .stream(error))
    }
    return advance(over: header, .metadata(try readMetadata(header, in: archive)))
  }

  private mutating func advance(
    over header: RecordHeader, _ content: ScannedRecord.Content
  ) -> ScannedRecord {
    let record = ScannedRecord(offset: position, header: header, content: content)
    position = record.endOffset
    return record
  }

  /// Reads a record's header from its first bytes; throws `torn` if the record ends behind `end`.
  private mutating func readHeader(upTo end: UInt64) throws(StreamError) -> RecordHeader {
    guard start.count >= RecordHeader.byteCount else {
      throw parser.torn(at: position + UInt64(start.count))
    }
    let header = try parser.recordHeader(in: start, 0..<RecordHeader.byteCount, at: position)
    guard payloadOffset + UInt64(header.storedByteCount) <= end else {
      throw parser.torn(at: end, within: header)
    }
    return header
  }

  /// Reads a chunk's record from its first bytes.
  private mutating func readChunk(_ header: RecordHeader) throws(StreamError) -> StateChunk {
    let chunk = try parser.chunk(
      header, in: start, RecordHeader.byteCount..<start.count, at: payloadOffset)
    _ = try resolver.basis(
      of: chunk, header, at: RecordLocation(header, payloadOffset: payloadOffset))
    if chunk.dependency == .kept { resolver.keep((), of: chunk, header) }
    return chunk
  }

  private mutating func readMetadata(
    _ header: RecordHeader, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> Record {
    try archive.input.read(
      into: &payload, at: payloadOffset, count: Int(header.storedByteCount))
    do throws(StreamError) {
      let record = try parser.record(header, in: payload, 0..<payload.count, at: payloadOffset)
      resolver.note(record)
      return record
    } catch {
      throw StreamIOError(archive.path, .stream(error))
    }
  }

  /// Looks behind a defect of the first bytes of the record at hand.
  ///
  /// Throws if its header or its payload is not intact, or the file has other bytes than the index:
  /// then the defect means nothing.
  private mutating func examine(
    number: UInt32, isIndexed: Bool, in archive: borrowing StreamArchive
  ) throws(StreamIOError) {
    let header = try archive.recordHeader(at: position, number: number, &payload)
    let isSame = payload.bytes == start.bytes
    try archive.input.payload(of: header, at: payloadOffset, buffer: &payload)
    guard isSame || !isIndexed else {
      throw StreamIOError(archive.path, .stream(index.mismatch))
    }
  }

  private static var startByteCount: Int { RecordHeader.byteCount + StateChunk.headByteCount }

  /// Where the payload of the record at hand begins.
  private var payloadOffset: UInt64 { position + UInt64(RecordHeader.byteCount) }
}
