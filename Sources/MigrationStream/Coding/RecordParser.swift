package import ByteIO

/// Reads the units of a stream in their order, once they are whole, and keeps the stream's books.
///
/// What `StreamDecoder` gives is made here, and what a walk through a file gives.
package struct RecordParser: ~Copyable {
  private let limits: DecodingLimits
  private var check: RecordCheck?
  private var ledger: StreamLedger
  private var index: IndexLedger
  // The index entry of the chunk at hand.
  private var entry = ByteBuffer(capacity: IndexEntry.byteCount)
  private var recordOffset: UInt64 = 0

  /// The stream header, once it was read.
  package private(set) var header: StreamHeader?
  /// The number of the record at hand, or due.
  package private(set) var sequence: UInt32 = 0
  /// Whether the end record came: all state is there, whatever follows.
  package private(set) var isContentComplete = false

  init(limits: DecodingLimits, digests algorithms: Set<Digest.Algorithm>) {
    self.limits = limits
    ledger = StreamLedger(digests: algorithms)
    index = IndexLedger(blockByteLimit: limits.metadataByteCount)
  }

  /// A parser for what follows this stream header, which was checked; it sees no state, and has
  /// no digests of it.
  package init(_ header: StreamHeader, limits: DecodingLimits) {
    self.limits = limits
    ledger = StreamLedger(digests: [])
    index = IndexLedger(blockByteLimit: limits.metadataByteCount)
    begin(header)
  }

  private mutating func begin(_ header: StreamHeader) {
    self.header = header
    check = RecordCheck(header)
    ledger.begin(header)
  }

  /// Whether the footer comes next.
  package var isFooterDue: Bool { ledger.isFooterDue }

  // The devices whose state was held against the digest of their summary.
  private var verified: Set<UInt16> = []

  /// Whether the summary of `device` came, and every byte before it has its digest.
  func isVerified(device: UInt16) -> Bool { verified.contains(device) }

  // MARK: Units

  mutating func readStreamHeader(
    in buffer: borrowing ByteBuffer, _ range: Range<Int>
  ) throws(StreamError) {
    let header = try StreamHeader(parsing: buffer.bytes.extracting(range))
    try limits.check(header)
    begin(header)
  }

  /// Reads the header of the record that is due, which lies in `buffer` and begins at `offset`.
  package mutating func recordHeader(
    in buffer: borrowing ByteBuffer, _ range: Range<Int>, at offset: UInt64
  ) throws(StreamError) -> RecordHeader {
    let bytes = buffer.bytes.extracting(range)
    guard let check else { preconditionFailure("a stream header comes before its records") }
    let header = try check.header(in: bytes, at: offset, number: sequence)
    recordOffset = offset
    entry.removeAll()
    var place = ByteWriter(reserving: 8)
    place.little(offset)
    entry.append(place.bytes)
    entry.append(bytes)
    return header
  }

  /// Reads the record with this header, whose payload lies in `buffer` and begins at `offset`.
  package mutating func record(
    _ header: RecordHeader, in buffer: borrowing ByteBuffer, _ range: Range<Int>,
    at offset: UInt64
  ) throws(StreamError) -> Record {
    let payload = buffer.bytes.extracting(range)
    try header.check(payload, at: offset)
    if header.type == .stateChunk {
      return .chunk(try chunk(header, in: buffer, range, at: offset))
    }
    let place = RecordLocation(header, payloadOffset: offset)
    try ledger.admit(header, at: place, deviceLimit: limits.deviceCount)
    let record = try metadata(header, payload: payload, at: place)
    sequence &+= 1
    return record
  }

  /// Reads a chunk's record without holding its payload against the checksum: of that, the first 8
  /// bytes are enough.
  package mutating func chunk(
    _ header: RecordHeader, in buffer: borrowing ByteBuffer, _ range: Range<Int>,
    at offset: UInt64
  ) throws(StreamError) -> StateChunk {
    let head = buffer.bytes.extracting(range)
    guard let check else { preconditionFailure("a stream header comes before its records") }
    let place = RecordLocation(header, payloadOffset: offset)
    let chunk = try check.chunk(header, head: head, at: place)
    try ledger.admit(header, chunk: chunk, at: place)
    entry.append(head.extracting(first: StateChunk.headByteCount))
    index.add(entry)
    sequence &+= 1
    return chunk
  }

  /// Checks the footer, which lies in `buffer` and begins at `offset`.
  package func checkFooter(
    in buffer: borrowing ByteBuffer, _ range: Range<Int>, at offset: UInt64
  ) throws(StreamError) {
    guard let footer = StreamFooter(parsing: buffer.bytes.extracting(range)) else {
      throw StreamError(
        .headerChecksum, at: offset, expected: "a footer",
        found: "bytes that do not match their checksum")
    }
    guard footer.uuid == header?.uuid, footer.indexOffset == index.lastBlockOffset else {
      throw StreamError(
        .indexMismatch, at: offset,
        expected: "the footer of this stream, with its index at \(index.lastBlockOffset ?? 0)",
        found: "one with its index at \(footer.indexOffset ?? 0)")
    }
  }

  /// The error that there are bytes at `offset`, behind the footer.
  package func excess(at offset: UInt64) -> StreamError {
    StreamError(
      .trailingData, at: offset, expected: "the end of the input after the footer",
      found: "more bytes")
  }

  /// The error that the input ends at `offset`, before the next unit, or within the record with
  /// this header.
  package func torn(at offset: UInt64, within record: RecordHeader? = nil) -> StreamError {
    if let record, !isContentComplete { return record.torn(at: offset) }
    let due =
      header == nil
      ? "a stream header of \(StreamHeader.byteCount) bytes" : ledger.order.expectation
    return StreamError(
      .torn, at: offset, record: sequence,
      expected: isContentComplete ? "the index and the footer (all state is there)" : due,
      found: "the end of the input")
  }

  /// Takes the state bytes of the chunk at hand, which `decoder` has decoded, into its device's
  /// digest.
  mutating func digest(
    _ header: RecordHeader, from decoder: borrowing ChunkDecoder,
    in buffer: borrowing ByteBuffer, _ range: Range<Int>
  ) {
    let payload = buffer.bytes.extracting(range)
    ledger.digest(decoder.bytes(of: header, payload: payload), of: header.device)
  }

  // MARK: Records

  private mutating func metadata(
    _ header: RecordHeader, payload: RawSpan, at place: RecordLocation
  ) throws(StreamError) -> Record {
    let record = try Record(metadata: header, payload: payload, at: place)
    try ledger.check(record, at: place)
    switch record {
    case .summary(let summary, let device):
      if try ledger.digests.check(summary, of: device, at: place) { verified.insert(device) }
    case .end(let totals):
      guard totals.isIndexed || index.lastBlockOffset == nil else {
        throw place.error(
          .indexMismatch, expected: "an index block after the end", found: "none announced")
      }
      ledger.close(isIndexed: totals.isIndexed)
      isContentComplete = true
    case .index(let block):
      if let mismatch = index.mismatch(with: block) {
        throw place.error(.indexMismatch, expected: mismatch.expected, found: mismatch.found)
      }
      index.close(at: recordOffset)
    default: break
    }
    return record
  }
}
