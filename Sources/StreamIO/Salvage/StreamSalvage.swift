public import ByteIO
import MigrationStream

/// Reads whatever is intact in a damaged stream.
///
/// Where a record is not good, the next one is searched for byte by byte: a header's checksum begins with the stream's
/// UUID, so that nothing a guest may have put into its device's state is taken for a record. A chunk whose header is
/// damaged is still found if the index names it.
public struct StreamSalvage: ~Copyable {
  private let input: StreamBytes
  private let finder: RecordFinder
  /// By where they begin, the chunks whose headers are damaged but stand in the index.
  private let indexed: [UInt64: IndexEntry]
  private let indexedOffsets: [UInt64]
  private var position = UInt64(StreamHeader.byteCount)
  private var lastSequence: UInt32?
  private var payload: ByteBuffer
  private var decoder: ChunkDecoder
  private var current: RecordHeader?
  // Where the kept chunks are that later ones may refer to, as far as they are intact.
  private var window: ReferenceWindow<UInt64>
  private var keptPayload = ByteBuffer()

  /// What was found so far; after the last record also what is lost.
  public private(set) var report: SalvageReport

  /// Prepares to read `input`, a file or other bytes that can be read at an offset.
  ///
  /// Throws `notAStream` where neither the start nor the end of the file is a `.dms` stream's.
  public init(
    _ input: consuming any RandomAccessBytes<StreamIOError> & ~Copyable
  ) throws(StreamIOError) {
    let input = try StreamBytes(input)
    let finder = try RecordFinder(input)
    let indexed = try finder.damagedHeadersInIndex(of: input)
    var report = SalvageReport(catalog: StreamCatalog(header: finder.header, origin: .salvage))
    if !finder.isHeaderIntact { report.damage.append(0..<UInt64(StreamHeader.byteCount)) }
    report.isFooterLost = finder.footer == nil
    self.finder = finder
    self.indexed = indexed
    indexedOffsets = indexed.keys.sorted()
    self.report = report
    payload = ByteBuffer()
    decoder = ChunkDecoder()
    window = ReferenceWindow(byteCount: finder.limits.windowByteCount)
    self.input = input
  }

  /// The next intact record, or nil at the end of the file, when `report` is complete.
  public mutating func next() throws(StreamIOError) -> ScannedRecord? {
    while position < finder.contentEnd {
      guard let header = try header(at: position) else {
        let next = try nextRecord()
        report.damage.append(position..<next)
        position = next
        continue
      }
      let start = position
      lastSequence = header.sequence
      if indexed[start] != nil {
        report.damage.append(start..<start + UInt64(RecordHeader.byteCount))
      }
      position = start + UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount)
      if let record = try record(header, at: start) { return record }
      let damaged = indexed[start] == nil ? start : start + UInt64(RecordHeader.byteCount)
      report.damage.append(damaged..<min(position, finder.contentEnd))
    }
    report.close()
    return nil
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
    if let header = try finder.recordHeader(at: offset, in: input) { return header }
    return indexed[offset]?.header
  }

  /// The record with this header, if its payload is intact.
  private mutating func record(
    _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) -> ScannedRecord? {
    let isDevice = header.device < DecodingLimits.standard.deviceCount
    guard isDevice || header.deviceNumber == nil else { return nil }
    do throws(StreamIOError) {
      guard header.type == .stateChunk else {
        let record = try input.metadata(header, at: offset, buffer: &payload)
        report.note(record, at: offset)
        return ScannedRecord(offset: offset, header: header, content: .metadata(record))
      }
      try input.payload(
        of: header, at: offset + UInt64(RecordHeader.byteCount), buffer: &payload)
      let chunk = StateChunk(
        header, head: payload.bytes, hasWindow: finder.limits.windowByteCount > 0)
      guard let chunk, try decode(chunk, header, at: offset) else { return nil }
      guard isDevice, report.note(chunk, header) else { return nil }
      current = header
      return ScannedRecord(offset: offset, header: header, content: .chunk(chunk))
    } catch {
      if case .stream = error.cause { return nil }
      throw error
    }
  }

  /// Decodes the chunk at hand, and takes note of it where it is kept; false where what it refers to is not intact.
  private mutating func decode(
    _ chunk: StateChunk, _ header: RecordHeader, at offset: UInt64
  ) throws(StreamIOError) -> Bool {
    var basis: ChunkBasis?
    if case .reference(let distance) = chunk.dependency {
      let kept = try keptChunk(of: chunk.device, referredTo: distance, from: header.sequence)
      guard let kept else { return false }
      basis = .kept(kept)
    } else if header.encoding == .dictionary {
      let number = Int(chunk.device)
      let digest =
        number < report.catalog.devices.count
        ? report.catalog.devices[number].identity.dictionary : nil
      guard let dictionary = digest.flatMap(StateDictionary.named) else { return false }
      basis = .dictionary(dictionary)
    }
    do throws(StreamError) {
      try decoder.decode(
        header, in: payload, 0..<payload.count, after: basis,
        at: offset + UInt64(RecordHeader.byteCount))
    } catch {
      throw StreamIOError(input.name, .stream(error))
    }
    if chunk.dependency == .kept {
      _ = window.keep(
        offset, sequence: header.sequence, device: chunk.device, byteCount: Int(chunk.byteCount))
    }
    return true
  }

  private mutating func keptChunk(
    of device: UInt16, referredTo distance: UInt16, from sequence: UInt32
  ) throws(StreamIOError) -> KeptChunk? {
    guard let offset = window.refer(from: sequence, distance: distance, device: device),
      let header = try header(at: offset)
    else { return nil }
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    try input.payload(of: header, at: payloadOffset, buffer: &keptPayload)
    return KeptChunk(header, in: keptPayload, 0..<keptPayload.count, at: payloadOffset)
  }
}
