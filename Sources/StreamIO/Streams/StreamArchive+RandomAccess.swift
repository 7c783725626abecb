import ByteIO
public import MigrationStream

extension StreamArchive {
  /// The chunk that holds the byte at `offset` of a device's state, with its state bytes; nil if
  /// the state has no such byte.
  ///
  /// With the index this takes a read for each of its blocks and two for the chunk, whose record
  /// must begin as the index says; and once a walk of the records for chunks that are coded against
  /// others.
  public borrowing func chunk(
    of device: UInt16, containing offset: UInt64
  ) throws(StreamIOError) -> (chunk: StateChunk, bytes: [UInt8])? {
    let record = try chunkRecord { chunk, _ in
      chunk.device == device && chunk.stateOffset <= offset
        && offset - chunk.stateOffset < UInt64(chunk.byteCount)
    }
    guard let record, case .chunk(let chunk) = record.content else { return nil }
    return (chunk, try bytes(of: chunk, record))
  }

  /// Reads a chunk's record, which must be the one that was found in the index or the file.
  private borrowing func read(_ record: ScannedRecord) throws(StreamIOError) -> StoredRecord {
    var stored = StoredRecord()
    let header = try recordHeader(
      at: record.offset, number: record.header.sequence, &stored.buffer)
    try input.payload(of: header, at: record.payloadOffset, buffer: &stored.buffer)
    guard case .chunk(let chunk) = record.content, header == record.header,
      try self.chunk(header, head: stored.buffer, 0, at: record.offset) == chunk
    else {
      throw mismatch(at: record.offset, header, expected: "the chunk that the index names")
    }
    stored.header = header
    stored.range = record.offset..<record.endOffset
    stored.payloadRange = 0..<stored.buffer.count
    return stored
  }

  /// The record header at `offset`; some of the payload may stay in `buffer` behind it.
  borrowing func recordHeader(
    at offset: UInt64, number: UInt32? = nil, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) -> RecordHeader {
    try input.recordHeader(at: offset, check, number: number, buffer: &buffer)
  }

  /// The chunk of `device` whose record begins at `offset`.
  borrowing func chunk(
    at offset: UInt64, of device: UInt16, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) -> (record: ScannedRecord, chunk: StateChunk) {
    let header = try recordHeader(at: offset, &buffer)
    guard header.type == .stateChunk, header.device == device else {
      throw mismatch(at: offset, header, expected: "a chunk of device \(device)")
    }
    let chunk = try chunk(header, head: buffer, RecordHeader.byteCount, at: offset)
    return (ScannedRecord(offset: offset, header: header, content: .chunk(chunk)), chunk)
  }

  /// The chunk with this header at `offset`, whose payload begins in `buffer` at `start`.
  private borrowing func chunk(
    _ header: RecordHeader, head buffer: borrowing ByteBuffer, _ start: Int, at offset: UInt64
  ) throws(StreamIOError) -> StateChunk {
    let place = RecordLocation(header, payloadOffset: offset + UInt64(RecordHeader.byteCount))
    do throws(StreamError) {
      return try check.chunk(
        header, head: buffer.bytes.extracting(droppingFirst: start), at: place)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  private borrowing func mismatch(
    at offset: UInt64, _ header: RecordHeader, expected: String
  ) -> StreamIOError {
    StreamIOError(
      path,
      .stream(
        StreamError(
          .indexMismatch, at: offset, record: header.sequence, device: header.deviceNumber,
          expected: expected, found: "another record")))
  }

  /// The state bytes of a chunk, decoded.
  ///
  /// A delta is decoded even if its kept chunk has left the window since, which only a walk knows.
  borrowing func bytes(
    of chunk: StateChunk, _ record: ScannedRecord
  ) throws(StreamIOError) -> [UInt8] {
    var stored = try read(record)
    stored.basis = try basis(of: chunk, record.header, at: stored.place)
    var decoder = ChunkDecoder()
    stored.decode(with: &decoder)
    if let defect = stored.defect { throw StreamIOError(path, .stream(defect)) }
    return [UInt8](stored.stateBytes)
  }

  /// What a chunk is coded against, found and read if need be.
  private borrowing func basis(
    of chunk: StateChunk, _ header: RecordHeader, at place: RecordLocation
  ) throws(StreamIOError) -> ChunkReference<ReferenceChunk>? {
    var resolver = ChunkResolver<ReferenceChunk>(
      windowByteCount: self.header.limits.windowByteCount)
    switch resolver.need(of: chunk, header) {
    case nil: break
    case .identity: resolver = try identities.resolver(of: self)
    case .chunk(let number):
      if let kept = try keptChunk(number, of: chunk.device) {
        resolver.keep(try read(kept.record).kept(), of: kept.chunk, kept.record.header)
      }
    }
    do throws(StreamError) {
      return try resolver.basis(of: chunk, header, at: place)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  /// The kept chunk of `device` whose record has this number; nil if that is another record.
  private borrowing func keptChunk(
    _ number: UInt32, of device: UInt16
  ) throws(StreamIOError) -> (record: ScannedRecord, chunk: StateChunk)? {
    guard let (offset, header) = try recordPlaces.record(number, in: self),
      header.type == .stateChunk, header.device == device
    else { return nil }
    var buffer = ByteBuffer()
    let found = try chunk(at: offset, of: device, &buffer)
    return found.chunk.dependency == .kept ? found : nil
  }

  /// The record of the first chunk that `isWanted`.
  private borrowing func chunkRecord(
    _ isWanted: (StateChunk, RecordHeader) -> Bool
  ) throws(StreamIOError) -> ScannedRecord? {
    if let blocks = indexBlocks, !blocks.isEmpty {
      var index = IndexCursor()
      while try index.load(from: self) {
        if let entry = check.entry(in: index.entry), isWanted(entry.chunk, entry.header) {
          return ScannedRecord(
            offset: entry.recordOffset, header: entry.header, content: .chunk(entry.chunk))
        }
        index.advance()
      }
      return nil
    }
    var cursor = RecordCursor(in: self)
    while let record = try cursor.next(in: self) {
      if case .chunk(let chunk) = record.content, isWanted(chunk, record.header) { return record }
    }
    return nil
  }
}

/// What the identities of an archive say of its chunks, read when it is first asked for.
final class ArchivedIdentities {
  private var known: ChunkResolver<ReferenceChunk>?

  /// A resolver that was told of every identity of `archive`, and of nothing else.
  func resolver(
    of archive: borrowing StreamArchive
  ) throws(StreamIOError) -> ChunkResolver<ReferenceChunk> {
    if let known { return known }
    var resolver = ChunkResolver<ReferenceChunk>(
      windowByteCount: archive.header.limits.windowByteCount)
    var cursor = RecordCursor(in: archive)
    // Identities come before all state.
    while let record = try cursor.next(in: archive), case .metadata(let value) = record.content {
      resolver.note(value)
    }
    known = resolver
    return resolver
  }
}
