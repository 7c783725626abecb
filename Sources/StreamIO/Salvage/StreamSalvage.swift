public import ByteIO
import MigrationStream

/// Reads whatever is intact in a damaged stream.
///
/// If a record is not good, the next one is searched for byte by byte: a header's checksum
/// begins with the stream's UUID, so that nothing a guest may have put into its device's state is
/// taken for a record. A chunk whose header is damaged is still found if the index names it.
public struct StreamSalvage: ~Copyable {
  private let input: StreamBytes
  private var finder: RecordFinder
  /// By where they begin, the chunks whose headers are damaged but stand in the index.
  private let indexed: [UInt64: IndexEntry]
  private let indexedOffsets: [UInt64]
  private var position = UInt64(StreamHeader.byteCount)
  private var lastSequence: UInt32?
  private var payload: ByteBuffer
  private var decoder: ChunkDecoder
  private var current: RecordHeader?
  // Where the kept chunks are that later ones may refer to, as far as they are intact.
  private var resolver: ChunkResolver<(offset: UInt64, header: RecordHeader)>
  // A reader of the whole stream, up to the first thing that it does not accept.
  private var follower: StreamFollower
  private var digests = StateDigests(Digest.Algorithm.known)
  private var digestedDeviceCount = 0
  // Whether what is lost was summed up, which is done once.
  private var isAtEnd = false

  /// What was found so far; after the last record also what is lost.
  public private(set) var report: SalvageReport

  /// Prepares to read `input`, a file or other bytes that can be read at an offset.
  ///
  /// Throws `notAStream` if neither the start nor the end of the file is a `.dms` stream's.
  public init(
    _ input: consuming any RandomAccessBytes<StreamIOError> & ~Copyable
  ) throws(StreamIOError) {
    let input = try StreamBytes(input)
    let finder = try RecordFinder(input)
    let indexed = try finder.damagedHeadersInIndex(of: input)
    var report = SalvageReport(catalog: StreamCatalog(header: finder.header, origin: .salvage))
    if finder.headerDefect != nil { report.damage.append(0..<UInt64(StreamHeader.byteCount)) }
    report.isFooterLost = finder.footer == nil
    self.finder = finder
    self.indexed = indexed
    indexedOffsets = indexed.keys.sorted()
    self.report = report
    payload = ByteBuffer()
    decoder = ChunkDecoder()
    resolver = ChunkResolver(windowByteCount: finder.check.limits.windowByteCount)
    follower = StreamFollower(finder.header)
    if let defect = finder.headerDefect { follower.stop(with: defect) }
    self.input = input
  }

  /// The next intact record, or nil at the end of the file, when `report` is complete.
  public mutating func next() throws(StreamIOError) -> ScannedRecord? {
    while position < finder.contentEnd {
      guard let header = try header(at: position) else {
        let next = try nextRecord()
        try follower.miss(at: position, in: input)
        if next == finder.contentEnd { report.isCut = try isCut(at: position) }
        report.damage.append(position..<next)
        position = next
        continue
      }
      let start = position
      note(header, at: start)
      if indexed[start] != nil {
        report.damage.append(start..<start + UInt64(RecordHeader.byteCount))
      }
      position = start + UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount)
      if let record = try record(header, at: start) { return record }
      let damaged = indexed[start] == nil ? start : start + UInt64(RecordHeader.byteCount)
      report.damage.append(damaged..<min(position, finder.contentEnd))
    }
    if !isAtEnd {
      isAtEnd = true
      try close()
    }
    return nil
  }

  /// Reads all records that are left, and gives the whole report.
  public consuming func finish() throws(StreamIOError) -> SalvageReport {
    while try next() != nil {}
    return report
  }

  /// Takes note of the number of an intact header.
  private mutating func note(_ header: RecordHeader, at offset: UInt64) {
    let due = lastSequence.map { UInt64($0) + 1 } ?? 0
    if UInt64(header.sequence) > due {
      report.missingRecordCount += UInt64(header.sequence) - due
    } else if UInt64(header.sequence) < due {
      // A record that was there before, or one of another place.
      report.missingRecordCount += 1
    }
    lastSequence = header.sequence
    if header.isMandatory, !RecordType.known.contains(header.type) {
      report.note(
        RecordLocation(header, payloadOffset: offset).error(
          .unknownMandatoryRecord, at: offset, expected: "records of version 1.2",
          found: "a record of \(header.type), which must be understood"))
    }
  }

  /// Whether the file ends within the record at `offset`.
  private func isCut(at offset: UInt64) throws(StreamIOError) -> Bool {
    guard finder.footer == nil else { return false }
    let left = input.byteCount - offset
    if left < UInt64(RecordHeader.byteCount) { return true }
    return try finder.recordHeader(at: offset, before: .max, in: input) != nil
  }

  /// Holds what came against the summaries and the end of the stream.
  private mutating func close() throws(StreamIOError) {
    report.close()
    try follower.finish(at: finder.contentEnd, in: input)
    report.defect =
      report.defect ?? follower.defect ?? report.losses.compactMap(\.defect).first
  }

  /// The state bytes of the chunk that `next()` gave.
  public var chunkBytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let current else { return RawSpan() }
      return decoder.bytes(of: current, payload: payload.bytes)
    }
  }

  /// Where the next record begins whose header is intact, or is in the index.
  private func nextRecord() throws(StreamIOError) -> UInt64 {
    let next = try finder.nextRecord(after: position, sequence: lastSequence, in: input)
    var (low, high) = (0, indexedOffsets.count)
    while low < high {
      let middle = (low + high) / 2
      if indexedOffsets[middle] > position { high = middle } else { low = middle + 1 }
    }
    return low < indexedOffsets.count ? min(next, indexedOffsets[low]) : next
  }

  private mutating func header(at offset: UInt64) throws(StreamIOError) -> RecordHeader? {
    if let header = try finder.recordHeader(at: offset, before: finder.contentEnd, in: input) {
      return header
    }
    if let entry = indexed[offset] { return entry.header }
    return try headerInsteadOfFooter(at: offset)
  }

  /// The header of a record that runs into the footer, if its payload is intact: then the file is
  /// torn, and what looks like a footer is state.
  private mutating func headerInsteadOfFooter(
    at offset: UInt64
  ) throws(StreamIOError) -> RecordHeader? {
    guard finder.footer != nil,
      let header = try finder.recordHeader(at: offset, before: input.byteCount, in: input)
    else { return nil }
    do throws(StreamIOError) {
      try input.payload(
        of: header, at: offset + UInt64(RecordHeader.byteCount), buffer: &payload)
    } catch {
      if case .stream = error.cause { return nil }
      throw error
    }
    finder.dropFooter()
    report.isFooterLost = true
    return header
  }

  /// The record with this header, if its payload is intact.
  private mutating func record(
    _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) -> ScannedRecord? {
    try follower.follow(header, at: offset, in: input)
    let isDevice = header.device < DecodingLimits.standard.deviceCount
    guard isDevice || header.deviceNumber == nil else { return nil }
    do throws(StreamIOError) {
      guard header.type == .stateChunk else {
        let record = try input.metadata(header, at: offset, buffer: &payload)
        report.note(record, at: offset)
        try check(record, header, at: offset)
        resolver.note(record)
        return ScannedRecord(offset: offset, header: header, content: .metadata(record))
      }
      let chunk = try chunk(header, at: offset)
      guard isDevice, report.note(chunk, header) else { return nil }
      digest(header)
      current = header
      return ScannedRecord(offset: offset, header: header, content: .chunk(chunk))
    } catch {
      guard case .stream(let defect) = error.cause else { throw error }
      // That state, an identity or a summary is lost is told otherwise.
      let others: [RecordType] = [.configurationSpace, .interruptState, .pasidTable]
      if isDevice, others.contains(header.type) { report.note(defect, of: header.device) }
      return nil
    }
  }

  /// Takes the state bytes at hand into the digest of their device.
  private mutating func digest(_ header: RecordHeader) {
    guard makeDigests() else { return }
    digests.update(header, from: decoder, in: payload)
  }

  /// Makes sure that every device that is known has its digests; false if memory is short.
  private mutating func makeDigests() -> Bool {
    while report.losses.count > digestedDeviceCount {
      guard digests.addDevice() else { return false }
      digestedDeviceCount += 1
    }
    return true
  }

  /// Holds the state that came of a device against its summary, unless bytes of it are missing.
  private mutating func check(
    _ record: Record, _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) {
    guard case .summary(let summary, let device) = record else { return }
    guard makeDigests() else { return }
    let loss = report.losses[Int(device)]
    guard loss.missing.isEmpty, loss.end >= summary.byteCount else { return }
    let place = RecordLocation(
      header, payloadOffset: offset + UInt64(RecordHeader.byteCount))
    do throws(StreamError) {
      _ = try digests.check(summary, of: device, at: place)
      guard loss.end == summary.byteCount else {
        throw place.error(
          .totalsMismatch, expected: "\(loss.end) bytes",
          found: "a summary of \(summary.byteCount) bytes")
      }
    } catch {
      report.note(error, of: device)
    }
  }

  /// Reads and decodes the chunk with this header, and takes note of it if it is kept.
  private mutating func chunk(
    _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) -> StateChunk {
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    try input.payload(of: header, at: payloadOffset, buffer: &payload)
    let place = RecordLocation(header, payloadOffset: payloadOffset)
    let chunk: StateChunk
    let found: ChunkReference<(offset: UInt64, header: RecordHeader)>?
    do throws(StreamError) {
      chunk = try finder.check.chunk(header, head: payload.bytes, at: place)
      found = try resolver.basis(of: chunk, header, at: place)
    } catch {
      throw StreamIOError(input.name, .stream(error))
    }
    let basis = try found?.map { (kept) throws(StreamIOError) in
      try keptChunk(kept.header, at: kept.offset)
    }
    do throws(StreamError) {
      try decoder.decode(header, in: payload, 0..<payload.count, after: basis, at: payloadOffset)
    } catch {
      throw StreamIOError(input.name, .stream(error))
    }
    if chunk.dependency == .kept { resolver.keep((offset, header), of: chunk, header) }
    return chunk
  }

  private func keptChunk(
    _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) -> ReferenceChunk {
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    var buffer = ByteBuffer()
    try input.payload(of: header, at: payloadOffset, buffer: &buffer)
    return ReferenceChunk(header, in: buffer, 0..<buffer.count, at: payloadOffset)
  }
}
