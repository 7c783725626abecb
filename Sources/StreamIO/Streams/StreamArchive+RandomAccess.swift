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
    let header = try input.recordHeader(
      at: record.offset, uuidChecksum: uuidChecksum, stream: self.header,
      buffer: &stored.buffer)
    guard header == record.header else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .indexMismatch, at: record.offset, record: header.sequence,
            device: record.header.device, expected: "the chunk that the index names",
            found: "another record")))
    }
    try input.payload(of: header, at: record.payloadOffset, buffer: &stored.buffer)
    stored.header = header
    stored.range = record.offset..<record.endOffset
    stored.payloadRange = 0..<stored.buffer.count
    return stored
  }

  /// The chunk whose record begins at `offset`, with its state bytes.
  borrowing func chunk(
    at offset: UInt64
  ) throws(StreamIOError) -> (chunk: StateChunk, bytes: [UInt8]) {
    var buffer = ByteBuffer()
    let header = try input.recordHeader(
      at: offset, uuidChecksum: uuidChecksum, stream: self.header, buffer: &buffer)
    guard header.type == .stateChunk,
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
            expected: "a state chunk", found: "another record")))
    }
    let record = ScannedRecord(offset: offset, header: header, content: .chunk(chunk))
    return (chunk, try bytes(of: chunk, record))
  }

  /// The state bytes of a chunk, decoded.
  private borrowing func bytes(
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
    var digest: Digest?
    var cursor = RecordCursor()
    while digest == nil, let record = try cursor.next(in: self) {
      guard case .metadata(.identity(let identity, device)) = record.content else {
        if case .chunk = record.content { break }
        continue
      }
      digest = identity.dictionary
    }
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
