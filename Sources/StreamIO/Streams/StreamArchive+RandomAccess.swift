import ByteIO
public import MigrationStream

extension StreamArchive {
  /// The chunk that holds the byte at `offset` of a device's state, with its state bytes; nil where the state has no such
  /// byte.
  ///
  /// With the index this takes a read for each of its blocks and two for the chunk, whose record must begin as the index
  /// says.
  public borrowing func chunk(
    of device: UInt16, containing offset: UInt64
  ) throws(StreamIOError) -> (chunk: StateChunk, bytes: [UInt8])? {
    guard let record = try chunkRecord(of: device, containing: offset),
      case .chunk(let chunk) = record.content
    else { return nil }
    var buffer = ByteBuffer()
    let header = try input.recordHeader(
      at: record.offset, uuidChecksum: uuidChecksum, limits: self.header.limits, buffer: &buffer)
    guard header == record.header else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .indexMismatch, at: record.offset, record: header.sequence, device: device,
            expected: "the chunk that the index names", found: "another record")))
    }
    try input.payload(of: header, at: record.payloadOffset, buffer: &buffer)
    return (chunk, try Self.decoded(header, buffer, at: record.payloadOffset, in: path))
  }

  /// The chunk whose record begins at `offset`, with its state bytes.
  borrowing func chunk(
    at offset: UInt64
  ) throws(StreamIOError) -> (chunk: StateChunk, bytes: [UInt8]) {
    var buffer = ByteBuffer()
    let header = try input.recordHeader(
      at: offset, uuidChecksum: uuidChecksum, limits: self.header.limits, buffer: &buffer)
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    try input.payload(of: header, at: payloadOffset, buffer: &buffer)
    guard header.type == .stateChunk, buffer.count >= StateChunk.headByteCount,
      let context = StateChunk.Context(parsing: buffer.bytes)
    else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .indexMismatch, at: offset, record: header.sequence, device: header.deviceNumber,
            expected: "a state chunk", found: "another record")))
    }
    let chunk = StateChunk(
      device: header.device, stateOffset: header.stateOffset, byteCount: header.rawByteCount,
      context: context)
    return (chunk, try Self.decoded(header, buffer, at: payloadOffset, in: path))
  }

  private static func decoded(
    _ header: RecordHeader, _ payload: borrowing ByteBuffer, at offset: UInt64, in path: String
  ) throws(StreamIOError) -> [UInt8] {
    var decoder = ChunkDecoder()
    do throws(StreamError) {
      try decoder.decode(header, payload: payload.bytes, at: offset)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    return [UInt8](decoder.bytes(of: header, payload: payload.bytes))
  }

  private borrowing func chunkRecord(
    of device: UInt16, containing offset: UInt64
  ) throws(StreamIOError) -> ScannedRecord? {
    func isWanted(_ chunk: StateChunk) -> Bool {
      chunk.device == device && chunk.stateOffset <= offset
        && offset - chunk.stateOffset < UInt64(chunk.byteCount)
    }
    guard let blocks = indexBlocks, !blocks.isEmpty else {
      var cursor = RecordCursor()
      while let record = try cursor.next(in: self) {
        if case .chunk(let chunk) = record.content, isWanted(chunk) { return record }
      }
      return nil
    }
    for block in blocks {
      guard case .index(let block) = try record(at: block) else { continue }
      for number in 0..<block.entryCount {
        let bytes = block.entryBytes.span.raw.extracting(
          droppingFirst: number * IndexEntry.byteCount)
        guard let entry = IndexEntry(parsing: bytes, uuidChecksum: uuidChecksum),
          isWanted(entry.chunk)
        else { continue }
        return ScannedRecord(
          offset: entry.recordOffset, header: entry.header, content: .chunk(entry.chunk))
      }
    }
    return nil
  }
}
