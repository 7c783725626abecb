import ByteIO
public import MigrationStream

extension StreamArchive {
  /// The chunk that holds the byte at `offset` of a device's state, with its state bytes; nil where the state has no such
  /// byte.
  ///
  /// With the index this takes a read for each of its blocks and two for the chunk, whose record must begin as the index
  /// says; as much again for a chunk that is coded against another.
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

  /// Reads a chunk's record, which must begin as the index says.
  private borrowing func read(_ record: ScannedRecord) throws(StreamIOError) -> StoredRecord {
    var stored = StoredRecord()
    try checkHeader(of: record, &stored.buffer)
    let header = record.header
    try input.payload(of: header, at: record.payloadOffset, buffer: &stored.buffer)
    stored.header = header
    stored.range = record.offset..<record.endOffset
    stored.payloadRange = 0..<stored.buffer.count
    return stored
  }

  /// The record header at `offset`; some of the payload may stay in `buffer` behind it.
  borrowing func recordHeader(
    at offset: UInt64, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) -> RecordHeader {
    try input.recordHeader(
      at: offset, uuidChecksum: uuidChecksum, stream: header, buffer: &buffer)
  }

  /// Throws where the header of a chunk's record is not the one that was found, in the index or the file.
  borrowing func checkHeader(
    of record: ScannedRecord, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    let header = try recordHeader(at: record.offset, &buffer)
    guard header == record.header else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .indexMismatch, at: record.offset, record: header.sequence,
            device: record.header.device, expected: "the chunk that the index names",
            found: "another record")))
    }
  }

  /// The chunk of `device` whose record begins at `offset`.
  borrowing func chunk(
    at offset: UInt64, of device: UInt16, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) -> (record: ScannedRecord, chunk: StateChunk) {
    let header = try recordHeader(at: offset, &buffer)
    guard header.type == .stateChunk, header.device == device,
      buffer.count >= RecordHeader.byteCount + StateChunk.headByteCount,
      let chunk = StateChunk(
        header, head: buffer.bytes.extracting(droppingFirst: RecordHeader.byteCount),
        hasWindow: self.header.limits.windowByteCount > 0)
    else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .indexMismatch, at: offset, record: header.sequence, device: header.deviceNumber,
            expected: "a chunk of device \(device)", found: "another record")))
    }
    return (ScannedRecord(offset: offset, header: header, content: .chunk(chunk)), chunk)
  }

  /// The state bytes of a chunk, decoded.
  borrowing func bytes(
    of chunk: StateChunk, _ record: ScannedRecord
  ) throws(StreamIOError) -> [UInt8] {
    var stored = try read(record)
    if case .reference(let distance) = chunk.dependency {
      stored.basis = .kept(
        try keptChunk(of: chunk.device, referredTo: distance, from: stored.place))
    } else if record.header.encoding == .dictionary {
      stored.basis = try dictionary(of: chunk.device, at: stored.place)
    }
    var decoder = ChunkDecoder()
    stored.decode(with: &decoder)
    if let defect = stored.defect { throw StreamIOError(path, .stream(defect)) }
    return [UInt8](stored.stateBytes)
  }

  /// The dictionary that the identity of `device` names, for a chunk at `place` that is coded with it.
  borrowing func dictionary(
    of device: UInt16, at place: RecordPlace
  ) throws(StreamIOError) -> ChunkBasis {
    let digest = try dictionaries.digest(of: device, in: self)
    do throws(StreamError) {
      return try ChunkBasis(dictionary: digest, at: place)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  /// The kept chunk whose record stands `distance` before the one at `place`.
  private borrowing func keptChunk(
    of device: UInt16, referredTo distance: UInt16, from place: RecordPlace
  ) throws(StreamIOError) -> KeptChunk {
    let number = Int64(place.record) - Int64(distance)
    let record = try chunkRecord { chunk, header in
      Int64(header.sequence) == number && chunk.device == device && chunk.dependency == .kept
    }
    guard let record else {
      throw StreamIOError(path, .stream(place.noReference(distance: distance)))
    }
    return try read(record).kept()
  }

  /// The record of the first chunk that `isWanted`.
  private borrowing func chunkRecord(
    _ isWanted: (StateChunk, RecordHeader) -> Bool
  ) throws(StreamIOError) -> ScannedRecord? {
    guard let blocks = indexBlocks, !blocks.isEmpty else {
      var cursor = RecordCursor()
      while let record = try cursor.next(in: self) {
        if case .chunk(let chunk) = record.content, isWanted(chunk, record.header) {
          return record
        }
      }
      return nil
    }
    for block in blocks {
      guard case .index(let block) = try record(at: block) else { continue }
      for number in 0..<block.entryCount {
        let bytes = block.entryBytes.span.raw.extracting(
          droppingFirst: number * IndexEntry.byteCount)
        guard let entry = IndexEntry(parsing: bytes, in: self),
          isWanted(entry.chunk, entry.header)
        else { continue }
        return ScannedRecord(
          offset: entry.recordOffset, header: entry.header, content: .chunk(entry.chunk))
      }
    }
    return nil
  }
}
