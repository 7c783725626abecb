import ByteIO
import MigrationStream

/// The state of one device of an archive after the other as a sequence of bytes, decoded a chunk at
/// a time.
struct StateCursor: ~Copyable {
  private var places: ChunkOffsets
  private var chunks: ChunkCursor?
  private var isAtLastRecord = true
  private var scratch = ByteBuffer()
  // What was told of identities, and the same with the kept chunks of the device at hand.
  private var identities = ChunkResolver<ReferenceChunk>(windowByteCount: 0)
  private var resolver = ChunkResolver<ReferenceChunk>(windowByteCount: 0)
  // None if one thread does it all.
  private let ring: WorkRing<DecodingSlot>?
  private var decoder = ChunkDecoder()
  private var current = StoredRecord()
  private var consumed = 0
  // Of the device at hand; nil if its summary has no digest that is known.
  private var check: SummaryCheck?
  /// Where in the device's state the bytes at hand begin.
  private(set) var offset: UInt64 = 0

  /// A cursor at the end of no state; chunks are decoded by `threadCount` further threads, if that
  /// is not nil.
  init(threadCount: ThreadCount?, placeLimit: Int) {
    places = ChunkOffsets(limit: placeLimit)
    ring = threadCount.map { WorkRing(decodingWith: $0) }
  }

  /// The archive's catalog, from a walk that finds where the chunks are; each must begin as the
  /// index says. `note` sees every record.
  mutating func catalog(
    of archive: borrowing StreamArchive, note: (ScannedRecord) -> Void
  ) throws(StreamIOError) -> StreamCatalog {
    // A device's own kept chunks are held at least as long as those of all devices would be.
    identities = ChunkResolver(windowByteCount: archive.header.limits.windowByteCount)
    return try archive.catalog(&places) { record in
      if case .metadata(let value) = record.content { identities.note(value) }
      note(record)
    }
  }

  /// Goes to the start of the state of a device, from the end of the one before.
  mutating func begin(
    _ device: UInt16, in archive: borrowing StreamArchive, _ catalog: StreamCatalog
  ) throws(StreamIOError) {
    check = try SummaryCheck(of: device, in: catalog, archive)
    chunks = ChunkCursor(of: device, at: try places.of(device, in: archive))
    isAtLastRecord = false
    resolver = identities
    offset = 0
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
    guard !isAtLastRecord || ring?.isEmpty == false else { return current.clear() }
    try loadChunk(from: archive)
    var digesting = check
    check = nil
    digesting?.update(bytes)
    check = digesting
    // The digest is whole when the last chunk was.
    if count == 0 { try check?.finish(archive.path) }
  }

  private mutating func loadChunk(
    from archive: borrowing StreamArchive
  ) throws(StreamIOError) {
    guard let ring else { return try read(from: archive) }
    while !isAtLastRecord, !ring.isFull {
      ring.fill { slot in
        do throws(StreamIOError) {
          try Self.read(&slot.record, &chunks, &resolver, from: archive, &scratch)
          slot.content = .success(nil)
        } catch {
          slot.content = .failure(error)
          slot.record.clear()
        }
        isAtLastRecord = slot.record.header == nil
        return slot.record.isWorthHandingOver
      }
    }
    guard !ring.isEmpty else { return current.clear() }
    let content = ring.takeOldest { slot in
      swap(&current, &slot.record)
      return slot.content
    }
    _ = try content.get()
    current.decode(with: &decoder)
    try checkDefect(archive.path)
  }

  private mutating func read(from archive: borrowing StreamArchive) throws(StreamIOError) {
    try Self.read(&current, &chunks, &resolver, from: archive, &scratch)
    isAtLastRecord = current.header == nil
    current.decode(with: &decoder)
    try checkDefect(archive.path)
  }

  private func checkDefect(_ path: String) throws(StreamIOError) {
    if let defect = current.defect { throw StreamIOError(path, .stream(defect)) }
  }

  /// Reads the device's next chunk into `stored`, which has no header if there is none.
  private static func read(
    _ stored: inout StoredRecord, _ chunks: inout ChunkCursor?,
    _ resolver: inout ChunkResolver<ReferenceChunk>, from archive: borrowing StreamArchive,
    _ scratch: inout ByteBuffer
  ) throws(StreamIOError) {
    stored.clear()
    guard let (record, chunk) = try chunks?.next(in: archive, &scratch) else { return }
    try archive.input.payload(
      of: record.header, at: record.payloadOffset, buffer: &stored.buffer)
    stored.header = record.header
    stored.range = record.offset..<record.endOffset
    stored.payloadRange = 0..<stored.buffer.count
    do throws(StreamError) {
      stored.basis = try resolver.basis(of: chunk, record.header, at: stored.place)
    } catch {
      throw StreamIOError(archive.path, .stream(error))
    }
    if chunk.dependency == .kept { resolver.keep(stored.kept(), of: chunk, record.header) }
  }

  /// Reads on to the end of the state; `offset` is its length then.
  mutating func readRest(of archive: borrowing StreamArchive) throws(StreamIOError) {
    while true {
      skip(count)
      try load(from: archive)
      if count == 0 { return }
    }
  }

  mutating func skip(_ count: Int) {
    consumed += count
    offset += UInt64(count)
  }
}
