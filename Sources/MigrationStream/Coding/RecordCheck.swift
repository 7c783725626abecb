import ByteIO

/// What every record of a stream is held against by itself, whatever came before it.
///
/// Its checksums, its shape and its limits are checked here for every reader: for those that follow
/// the stream, with the books of `RecordParser`, and for those that look for single records.
package struct RecordCheck: Sendable {
  private let uuidChecksum: UInt32
  package let limits: StreamLimits
  private let features: StreamHeader.MandatoryFeatures

  /// The check for a stream with this header.
  package init(_ header: StreamHeader) {
    uuidChecksum = header.uuidChecksum
    limits = header.limits
    features = header.mandatoryFeatures
  }

  /// The record header in the first 32 of `bytes`, which begin at `offset`.
  ///
  /// `number` is the number that the record must have, if the reader knows it. Throws `torn`,
  /// `headerChecksum`, `misplacedRecord`, `unknownMandatoryRecord`, `limitExceeded` or
  /// `malformedRecord`.
  package func header(
    in bytes: RawSpan, at offset: UInt64, number: UInt32? = nil
  ) throws(StreamError) -> RecordHeader {
    guard bytes.byteCount >= RecordHeader.byteCount else {
      throw StreamError(
        .torn, at: offset + UInt64(bytes.byteCount), record: number, expected: "a record header",
        found: "the end of the input")
    }
    guard let header = RecordHeader(parsing: bytes, uuidChecksum: uuidChecksum) else {
      throw StreamError(
        .headerChecksum, at: offset, record: number, expected: "a record header",
        found: "bytes that do not match their checksum")
    }
    if let number, header.sequence != number {
      throw StreamError(
        .misplacedRecord, at: offset, record: number, device: header.deviceNumber,
        expected: "record \(number)", found: "record \(header.sequence)")
    }
    guard !header.isMandatory || RecordType.known.contains(header.type) else {
      throw StreamError(
        .unknownMandatoryRecord, at: offset, record: header.sequence, device: header.deviceNumber,
        expected: "records of version 1.2",
        found: "a record of \(header.type), which must be understood")
    }
    try header.check(limits: limits, features: features, at: offset)
    return header
  }

  /// The record header in the first 32 of `bytes`, which must have as many, if it is intact.
  ///
  /// It may still be one that a reader must understand and does not.
  package func intactHeader(in bytes: RawSpan) -> RecordHeader? {
    guard let header = RecordHeader(parsing: bytes, uuidChecksum: uuidChecksum),
      (try? header.check(limits: limits, features: features, at: 0)) != nil
    else { return nil }
    return header
  }

  /// The chunk with this header, whose head are the first 8 of `head`.
  ///
  /// Throws `malformedRecord`, or `torn` if there are fewer.
  package func chunk(
    _ header: RecordHeader, head: RawSpan, at place: RecordLocation
  ) throws(StreamError) -> StateChunk {
    guard head.byteCount >= StateChunk.headByteCount else {
      throw header.torn(at: place.payloadOffset + UInt64(head.byteCount))
    }
    let hasWindow = limits.windowByteCount > 0
    guard let chunk = StateChunk(header, head: head, hasWindow: hasWindow) else {
      throw place.error(
        .malformedRecord, expected: "pre-copy (1) or stop-copy (2)",
        found: "phase \(head[byte: 0])")
    }
    try chunk.checkDependency(header, at: place)
    return chunk
  }

  /// The entry in `bytes`, which must have as many as an entry has; nil if it is not a good chunk's
  /// of this stream.
  package func entry(in bytes: RawSpan) -> IndexEntry? {
    let start = bytes.extracting(droppingFirst: IndexEntry.startOffset)
    let offset = bytes.little(UInt64.self, at: 0)
    guard let header = intactHeader(in: start), header.type == .stateChunk,
      let chunk = try? chunk(
        header, head: start.extracting(droppingFirst: RecordHeader.byteCount),
        at: RecordLocation(header, payloadOffset: offset))
    else { return nil }
    return IndexEntry(recordOffset: offset, header: header, chunk: chunk)
  }
}

extension RecordHeader {
  /// Throws unless `payload`, which begins at `offset`, is what the header announces.
  ///
  /// Throws `torn` if it is too short, `payloadChecksum` if it is another.
  package func check(_ payload: RawSpan, at offset: UInt64) throws(StreamError) {
    guard payload.byteCount == Int(storedByteCount) else {
      throw torn(at: offset + UInt64(payload.byteCount))
    }
    let checksum = CRC32C.checksum(of: payload)
    guard checksum == payloadChecksum else {
      throw RecordLocation(self, payloadOffset: offset).error(
        .payloadChecksum,
        expected: "\(type) with checksum 0x\(hex(payloadChecksum, digits: 8))",
        found: "0x\(hex(checksum, digits: 8))")
    }
  }

  /// The error that the input ends at `offset`, within the record's payload.
  func torn(at offset: UInt64) -> StreamError {
    StreamError(
      .torn, at: offset, record: sequence, device: deviceNumber,
      expected: "\(storedByteCount) bytes of \(type)", found: "the end of the input")
  }
}
