import ByteIO
import MigrationStream

/// The state of one device of an archive as a sequence of bytes, decoded a chunk at a time.
struct StateCursor: ~Copyable {
  private let device: UInt16
  private var records = RecordCursor()
  private var isAtLastRecord = false
  private var scratch = ByteBuffer()
  // Made when the archive is there.
  private var window: ReferenceWindow<KeptChunk>?
  // None where one thread does it all.
  private let ring: WorkRing<DecodingSlot>?
  private var decoder = ChunkDecoder()
  private var current = StoredRecord()
  private var consumed = 0
  /// Where in the device's state the bytes at hand begin.
  private(set) var offset: UInt64 = 0

  /// A cursor at the start of the state; chunks are decoded by `threadCount` further threads, if that is not nil.
  init(device: UInt16, threadCount: ThreadCount?) {
    self.device = device
    ring = threadCount.map { WorkRing(decodingWith: $0) }
  }

  /// The number of bytes at hand.
  var count: Int { current.stateBytes.byteCount - consumed }

  /// The bytes at hand.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { current.stateBytes.extracting(droppingFirst: consumed) }
  }

  /// Makes sure that there are bytes at hand, unless the state is at its end.
  mutating func load(from archive: borrowing StreamArchive) throws(StreamIOError) {
    guard count == 0 else { return }
    consumed = 0
    guard let ring else { return try read(from: archive) }
    while !isAtLastRecord, !ring.isFull {
      let slot = ring.vacant
      do throws(StreamIOError) {
        try Self.read(
          &slot.record, &records, &window, of: device, from: archive, &scratch)
        slot.content = .success(nil)
      } catch {
        slot.content = .failure(error)
        slot.record.clear()
      }
      isAtLastRecord = slot.record.header == nil
      ring.submit(needsWork: !isAtLastRecord)
    }
    guard !ring.isEmpty else { return current.clear() }
    let slot = ring.oldest()
    swap(&current, &slot.record)
    ring.release()
    _ = try slot.content.get()
    try checkDefect(archive.path)
  }

  private mutating func read(from archive: borrowing StreamArchive) throws(StreamIOError) {
    try Self.read(&current, &records, &window, of: device, from: archive, &scratch)
    current.decode(with: &decoder)
    try checkDefect(archive.path)
  }

  private func checkDefect(_ path: String) throws(StreamIOError) {
    if let defect = current.defect { throw StreamIOError(path, .stream(defect)) }
  }

  /// Reads the device's next chunk into `stored`, which has no header if there is none.
  private static func read(
    _ stored: inout StoredRecord, _ records: inout RecordCursor,
    _ window: inout ReferenceWindow<KeptChunk>?, of device: UInt16,
    from archive: borrowing StreamArchive, _ scratch: inout ByteBuffer
  ) throws(StreamIOError) {
    stored.clear()
    // A device's own kept chunks are held at least as long as those of all devices would be.
    var held = window ?? ReferenceWindow(byteCount: archive.header.limits.windowByteCount)
    window = nil
    defer { window = held }
    while let record = try records.next(in: archive) {
      guard case .chunk(let chunk) = record.content, chunk.device == device else { continue }
      try checkHeader(of: record, in: archive, &scratch)
      try archive.input.payload(
        of: record.header, at: record.payloadOffset, buffer: &stored.buffer)
      stored.header = record.header
      stored.range = record.offset..<record.endOffset
      stored.payloadRange = 0..<stored.buffer.count
      if record.header.encoding == .dictionary {
        stored.basis = try archive.dictionary(of: device, at: stored.place)
      }
      switch chunk.dependency {
      case .none: break
      case .kept:
        _ = held.keep(
          stored.kept(), sequence: record.header.sequence, device: device,
          byteCount: Int(chunk.byteCount))
      case .reference(let distance):
        let kept = held.refer(
          from: record.header.sequence, distance: distance, device: device)
        stored.basis = kept.map { .kept($0) }
        guard kept != nil else {
          throw StreamIOError(
            archive.path, .stream(stored.place.noReference(distance: distance)))
        }
      }
      return
    }
  }

  /// Throws where the record's header is not the one that the index gave.
  private static func checkHeader(
    of record: ScannedRecord, in archive: borrowing StreamArchive, _ scratch: inout ByteBuffer
  ) throws(StreamIOError) {
    guard archive.origin == .index else { return }
    let header = try archive.input.recordHeader(
      at: record.offset, uuidChecksum: archive.uuidChecksum, stream: archive.header,
      buffer: &scratch)
    guard header == record.header else {
      throw StreamIOError(
        archive.path,
        .stream(
          StreamError(
            .indexMismatch, at: record.offset, record: header.sequence,
            device: record.header.device,
            expected: "the record header that the index has", found: "another")))
    }
  }

  mutating func skip(_ count: Int) {
    consumed += count
    offset += UInt64(count)
  }
}
