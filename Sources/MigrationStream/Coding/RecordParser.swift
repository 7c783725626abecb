import ByteIO

/// Reads the units of a stream, once they are whole, and keeps the stream's books: what `StreamDecoder` gives is made
/// here.
struct RecordParser: ~Copyable {
  private let limits: DecodingLimits
  private var ledger = StreamLedger()
  private var index = IndexLedger()
  private var uuidChecksum: UInt32 = 0
  // The index entry of the chunk at hand.
  private var entry = ByteBuffer(capacity: IndexEntry.byteCount)
  private var recordOffset: UInt64 = 0

  /// The stream header, once it was read.
  private(set) var header: StreamHeader?
  /// The number of the record at hand, or due.
  private(set) var sequence: UInt32 = 0

  init(limits: DecodingLimits) {
    self.limits = limits
  }

  var order: RecordOrder { ledger.order }

  /// Whether the footer comes next.
  var isFooterDue: Bool { ledger.isFooterDue }

  /// Whether the summary of `device` came, and every byte before it was digested.
  func isVerified(device: UInt16) -> Bool {
    guard Int(device) < ledger.devices.count else { return false }
    let entry = ledger.devices[Int(device)]
    return entry.isSummarized && ledger.digests.byteCount(of: device) == entry.byteCount
  }

  // MARK: Units

  mutating func readStreamHeader(
    in buffer: borrowing ByteBuffer, _ range: Range<Int>
  ) throws(StreamError) {
    let header = try StreamHeader(parsing: buffer.bytes.extracting(range))
    try limits.check(header)
    uuidChecksum = header.uuidChecksum
    self.header = header
  }

  mutating func recordHeader(
    in buffer: borrowing ByteBuffer, _ range: Range<Int>, at offset: UInt64
  ) throws(StreamError) -> RecordHeader {
    let bytes = buffer.bytes.extracting(range)
    guard let header = RecordHeader(parsing: bytes, uuidChecksum: uuidChecksum) else {
      throw StreamError(
        .headerChecksum, at: offset, record: sequence, expected: "a record header",
        found: "bytes that do not match their checksum")
    }
    guard header.sequence == sequence else {
      throw StreamError(
        .misplacedRecord, at: offset, record: sequence, device: header.deviceNumber,
        expected: "record \(sequence)", found: "record \(header.sequence)")
    }
    guard !header.isMandatory || RecordType.known.contains(header.type) else {
      throw StreamError(
        .unknownMandatoryRecord, at: offset, record: sequence, device: header.deviceNumber,
        expected: "records of version 1.1",
        found: "a record of \(header.type), which must be understood")
    }
    try header.check(
      limits: self.header?.limits ?? .standard, features: self.header?.mandatoryFeatures ?? [],
      at: offset)
    recordOffset = offset
    entry.removeAll()
    var place = ByteWriter(reserving: 8)
    place.little(offset)
    entry.append(place.bytes)
    entry.append(bytes)
    return header
  }

  mutating func record(
    _ header: RecordHeader, in buffer: borrowing ByteBuffer, _ range: Range<Int>,
    at offset: UInt64
  ) throws(StreamError) -> Record {
    let payload = buffer.bytes.extracting(range)
    let place = RecordPlace(
      payloadOffset: offset, record: sequence, device: header.deviceNumber)
    let checksum = CRC32C.checksum(of: payload)
    guard checksum == header.payloadChecksum else {
      throw place.error(
        .payloadChecksum,
        expected: "\(header.type) with checksum 0x\(hex(header.payloadChecksum, digits: 8))",
        found: "0x\(hex(checksum, digits: 8))")
    }
    let record: Record
    if header.type == .stateChunk {
      record = .chunk(try chunk(header, payload: payload, at: place))
    } else {
      try ledger.admit(header, at: place, deviceLimit: limits.deviceCount)
      record = try metadata(header, payload: payload, at: place)
    }
    sequence &+= 1
    return record
  }

  mutating func checkFooter(
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

  /// Takes the state bytes of the chunk at hand, which `decoder` has decoded, into its device's digest.
  mutating func digest(
    _ header: RecordHeader, from decoder: borrowing ChunkDecoder,
    in buffer: borrowing ByteBuffer, _ range: Range<Int>
  ) {
    let payload = buffer.bytes.extracting(range)
    ledger.digest(decoder.bytes(of: header, payload: payload), of: header.device)
  }

  // MARK: Records

  private mutating func chunk(
    _ header: RecordHeader, payload: RawSpan, at place: RecordPlace
  ) throws(StreamError) -> StateChunk {
    let hasWindow = self.header.map { $0.limits.windowByteCount > 0 } ?? false
    guard let chunk = StateChunk(header, head: payload, hasWindow: hasWindow) else {
      throw place.error(
        .malformedRecord, expected: "pre-copy (1) or stop-copy (2)",
        found: "phase \(payload[byte: 0])")
    }
    try chunk.checkDependency(header, at: place)
    try ledger.admit(header, chunk: chunk, at: place)
    entry.append(payload.extracting(first: StateChunk.headByteCount))
    index.add(entry)
    return chunk
  }

  private mutating func metadata(
    _ header: RecordHeader, payload: RawSpan, at place: RecordPlace
  ) throws(StreamError) -> Record {
    let record = try Record(metadata: header, payload: payload, at: place)
    try ledger.check(record, at: place)
    switch record {
    case .summary(let summary, let device):
      _ = try ledger.digests.check(summary, of: device, at: place)
    case .end(let totals):
      guard totals.isIndexed || index.lastBlockOffset == nil else {
        throw place.error(
          .indexMismatch, expected: "an index block after the end", found: "none announced")
      }
      ledger.close(isIndexed: totals.isIndexed)
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
