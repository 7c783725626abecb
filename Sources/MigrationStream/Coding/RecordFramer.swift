import ByteIO

/// Puts records into their frames and keeps the stream's books; what `StreamEncoder` lends is made
/// here.
struct RecordFramer: ~Copyable {
  let header: StreamHeader
  private let uuidChecksum: UInt32
  private(set) var ledger = StreamLedger(digests: [.xxh3])
  // A stream with fewer chunks has no index: reading it would take as long as reading the record
  // headers.
  private let indexThreshold: Int
  /// Framed bytes that were not lent yet, or are lent now.
  private(set) var head = ByteBuffer(capacity: 256)
  private var isHeadLent = false
  /// Stream bytes lent so far.
  private(set) var byteCount: UInt64 = 0
  private var sequence: UInt32 = 0

  private var entries = ByteBuffer()
  private let blockByteCount: Int
  private var lastIndexOffset: UInt64?
  private var scratch = ByteWriter(reserving: 64)

  init(_ header: StreamHeader, indexThreshold: Int) {
    self.indexThreshold = indexThreshold
    self.header = header
    // The other fields of a block take less than 32 bytes.
    let capacity = (Int(header.limits.metadataByteCount) - 32) / IndexEntry.byteCount
    blockByteCount = IndexEntry.byteCount * min(max(capacity, 1), IndexEntry.blockCapacity)
    uuidChecksum = header.uuidChecksum
    head.append(header.encoded())
    ledger.begin(header)
  }

  /// Forgets what was lent by the call before. A call that threw lent nothing: what it had framed
  /// stays for this one.
  mutating func begin() {
    if isHeadLent { head.removeAll() }
    isHeadLent = false
  }

  /// Takes note that `head` and `bodyByteCount` further bytes are being lent.
  mutating func lend(bodyByteCount: Int) {
    isHeadLent = true
    byteCount += UInt64(head.count + bodyByteCount)
  }

  func place(device: UInt16) -> RecordLocation {
    RecordLocation(
      payloadOffset: byteCount + UInt64(head.count), record: sequence,
      device: device == RecordHeader.noDevice ? nil : device)
  }

  mutating func put<Metadata: MetadataRecord>(
    _ metadata: Metadata, device: UInt16 = RecordHeader.noDevice
  ) throws(StreamError) {
    var fields = FieldWriter()
    metadata.encode(into: &fields)
    // What a reader would refuse, text that is too long for one thing, is not written.
    _ = try Metadata(parsing: fields.bytes.span.raw, at: place(device: device))
    // A reader does without the index; all else that this version defines must be understood.
    try put(
      Metadata.recordType, isMandatory: Metadata.recordType != .index, device: device,
      payload: fields.bytes)
  }

  mutating func put(_ record: OptionalRecord) throws(StreamError) {
    precondition(
      !RecordType.known.contains(record.type), "a record of a known type is not an unknown one")
    try put(
      record.type, isMandatory: false, device: record.device ?? RecordHeader.noDevice,
      payload: record.payload)
  }

  private mutating func put(
    _ type: RecordType, isMandatory: Bool, device: UInt16, payload: [UInt8]
  ) throws(StreamError) {
    guard payload.count <= Int(header.limits.metadataByteCount) else {
      throw place(device: device).error(
        .limitExceeded, expected: "at most \(header.limits.metadataByteCount) bytes of \(type)",
        found: "\(payload.count)")
    }
    let record = RecordHeader(
      type: type, isMandatory: isMandatory, device: device, sequence: sequence,
      rawByteCount: UInt32(payload.count), storedByteCount: UInt32(payload.count),
      payloadChecksum: CRC32C.checksum(of: payload.span.raw))
    try ledger.admit(record, at: place(device: device))
    putHeader(record)
    head.append(payload)
  }

  /// Throws if a chunk cannot have so many bytes.
  func checkChunk(byteCount: Int, device: UInt16) throws(StreamError) {
    guard (1...Int(header.limits.chunkByteCount)).contains(byteCount) else {
      throw place(device: device).error(
        .limitExceeded, expected: "a chunk of 1 to \(header.limits.chunkByteCount) bytes",
        found: "\(byteCount)")
    }
  }

  /// Frames a chunk. Its record header and head are in `head`, with the byte of a fill; the rest of
  /// the payload is `frame` or `bytes` itself, as the encoding says. Its digest is taken, unless
  /// that was done before. Its state begins at `stateOffset`, or where the last one ended.
  mutating func put(
    chunk bytes: RawSpan, as encoding: ChunkEncoding, frame: borrowing ByteBuffer, device: UInt16,
    context: StateChunk.Context, plan: ReferencePlan, stateOffset: UInt64? = nil,
    isDigested: Bool = false
  ) throws(StreamError) {
    try checkChunk(byteCount: bytes.byteCount, device: device)
    try putFullIndexBlock()
    let known = Int(device) < ledger.devices.count
    let chunk = StateChunk(
      device: device,
      stateOffset: stateOffset ?? (known ? ledger.devices[Int(device)].byteCount : 0),
      byteCount: UInt32(bytes.byteCount), context: context, dependency: plan.dependency)
    scratch.removeAll()
    chunk.encodeHead(into: &scratch)
    if encoding == .fill { scratch.little(bytes[byte: 0]) }
    var checksum = CRC32C.checksum(of: scratch.bytes.span.raw)
    var storedByteCount = scratch.count
    if encoding == .raw {
      checksum = CRC32C.checksum(of: bytes, continuing: checksum)
      storedByteCount += bytes.byteCount
    } else if encoding != .fill {
      checksum = CRC32C.checksum(of: frame.bytes, continuing: checksum)
      storedByteCount += frame.count
    }
    let record = RecordHeader(
      type: .stateChunk, encoding: encoding, isMandatory: true, device: device,
      sequence: sequence, stateOffset: chunk.stateOffset, rawByteCount: chunk.byteCount,
      storedByteCount: UInt32(storedByteCount), payloadChecksum: checksum)
    try ledger.admit(record, chunk: chunk, at: place(device: device))
    if !isDigested { ledger.digest(bytes, of: device) }

    let recordOffset = byteCount + UInt64(head.count)
    let start = head.count
    putHeader(record)
    head.append(scratch.bytes)
    scratch.removeAll()
    scratch.little(recordOffset)
    entries.append(scratch.bytes)
    entries.append(head, start..<start + IndexEntry.byteCount - 8)
  }

  /// The same for the bytes of a buffer.
  mutating func put(
    chunk buffer: borrowing ByteBuffer, as encoding: ChunkEncoding, frame: borrowing ByteBuffer,
    device: UInt16, context: StateChunk.Context, plan: ReferencePlan, stateOffset: UInt64? = nil,
    isDigested: Bool = false
  ) throws(StreamError) {
    try put(
      chunk: buffer.bytes, as: encoding, frame: frame, device: device, context: context,
      plan: plan, stateOffset: stateOffset, isDigested: isDigested)
  }

  /// Takes the bytes of a chunk that is put later into its device's digest.
  mutating func digest(_ buffer: borrowing ByteBuffer, device: UInt16) {
    // Of a device that is not known, the chunk is refused when it is put.
    guard Int(device) < ledger.devices.count else { return }
    ledger.digest(buffer.bytes, of: device)
  }

  /// The number of the record that a chunk will have when `count` other chunks, and nothing else,
  /// come before it.
  func sequence(afterChunks count: Int) -> UInt32 {
    let entry = entries.count / IndexEntry.byteCount + count
    let blocks = entry / (blockByteCount / IndexEntry.byteCount)
    return sequence &+ UInt32(truncatingIfNeeded: count + blocks)
  }

  /// Sums up every device, unless the summaries are given, and puts the end, the last index block
  /// and the footer.
  mutating func finish(_ summaries: [DeviceSummary]?) throws(StreamError) {
    try putFullIndexBlock()
    for device in 0..<ledger.devices.count {
      let summary = summaries?[device] ?? ledger.summary(of: UInt16(device))
      try ledger.check(
        .summary(summary, device: UInt16(device)), at: place(device: UInt16(device)))
      try put(summary, device: UInt16(device))
    }
    var totals = ledger.currentTotals
    // Once there is a block, one must follow the end.
    totals.isIndexed = lastIndexOffset != nil || totals.chunkCount >= UInt64(max(indexThreshold, 0))
    try ledger.check(.end(totals), at: place(device: RecordHeader.noDevice))
    try put(totals)
    if totals.isIndexed { try putIndexBlock() }
    head.append(StreamFooter(indexOffset: lastIndexOffset, uuid: header.uuid).encoded())
  }

  private mutating func putFullIndexBlock() throws(StreamError) {
    if entries.count == blockByteCount { try putIndexBlock() }
  }

  private mutating func putIndexBlock() throws(StreamError) {
    let offset = byteCount + UInt64(head.count)
    try put(IndexBlock(previousOffset: lastIndexOffset, entryBytes: [UInt8](entries.bytes)))
    entries.removeAll()
    lastIndexOffset = offset
  }

  private mutating func putHeader(_ record: RecordHeader) {
    var writer = ByteWriter(reserving: RecordHeader.byteCount)
    record.encode(into: &writer, uuidChecksum: uuidChecksum)
    head.append(writer.bytes)
    sequence &+= 1
  }
}
