public import ByteIO
public import MigrationStream

/// The state of the devices of an archive, read at any place; the chunk that was read last is kept.
public final class ArchivedState {
  /// The archive that the state is read from.
  public let archive: StreamArchive
  /// Everything about the stream but its state.
  public let catalog: StreamCatalog
  /// The number of chunks that were decoded.
  public private(set) var decodedChunkCount: UInt64 = 0
  /// By device, the first damage that reading its state has met.
  public private(set) var defects: [UInt16: StreamError] = [:]
  private var places: ChunkOffsets
  private var current: (device: UInt16, chunk: StateChunk, bytes: [UInt8])?
  private var buffer = ByteBuffer()

  /// Walks the records once, for the catalog and the places of the chunks.
  ///
  /// What is wrong with the stream is the catalog's defect, or thrown when a damaged chunk is read.
  public convenience init(_ archive: consuming StreamArchive) throws(StreamIOError) {
    try self.init(archive, placeLimit: 1 << 20)
  }

  /// The same with at most `placeLimit` places at a time, each of which takes 16 bytes of memory.
  package init(
    _ archive: consuming StreamArchive, placeLimit: Int
  ) throws(StreamIOError) {
    var places = ChunkOffsets(limit: placeLimit)
    catalog = try archive.catalog(&places)
    self.places = places
    self.archive = archive
  }

  /// What the stream says of a device before its state, but for optional records; nil if it has no
  /// device of this number.
  public func introduction(of number: UInt16) throws(StreamIOError) -> DeviceIntroduction? {
    guard Int(number) < catalog.devices.count else { return nil }
    return try archive.introduction(of: number, catalog.devices[Int(number)])
  }

  /// Appends `count` bytes of a device's state from `offset` to `buffer`; throws if the state
  /// has no such bytes.
  public func read(
    device: UInt16, at offset: UInt64, count: Int, into buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    var position = offset
    let end = offset + UInt64(count)
    while position < end {
      try load(device, containing: position)
      guard let current else { return }
      let start = Int(position - current.chunk.stateOffset)
      let part = start..<min(current.bytes.count, start + Int(end - position))
      buffer.append(current.bytes.span.raw.extracting(part))
      position += UInt64(part.count)
    }
  }

  /// Gives the chunks of a device in their order, decoded, to `body`.
  public func forEachChunk(
    of device: UInt16, _ body: (StateChunk, [UInt8]) throws(StreamIOError) -> Void
  ) throws(StreamIOError) {
    var cursor = ChunkCursor(of: device, at: try places.of(device, in: archive))
    while let (record, chunk) = try cursor.next(in: archive, &buffer) {
      try body(chunk, try archive.bytes(of: chunk, record))
    }
  }

  /// Reads all state of a device, and throws unless it has the digest of its summary.
  ///
  /// Whoever makes something of state that was read at any place asks first: so no damage goes
  /// further under a new digest. `progress` is told how many bytes were read, after each chunk.
  public func verify(
    device: UInt16, progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) {
    if let defect = catalog.defect { throw StreamIOError(archive.path, .stream(defect)) }
    // Without a digest, the checksums of the chunks are left.
    var check = try SummaryCheck(of: device, in: catalog, archive)
    var count: UInt64 = 0
    try forEachChunk(of: device) { (chunk, bytes) throws(StreamIOError) in
      check?.update(bytes.span.raw)
      count += UInt64(chunk.byteCount)
      progress(count)
    }
    try check?.finish(archive.path)
  }

  /// The same for every device; throws too what is wrong with a stream that has none.
  public func verify(progress: (UInt64) -> Void = { _ in }) throws(StreamIOError) {
    if let defect = catalog.defect { throw StreamIOError(archive.path, .stream(defect)) }
    var total: UInt64 = 0
    for (number, device) in catalog.devices.enumerated() {
      try verify(device: UInt16(number)) { progress(total + $0) }
      total += device.state.byteCount
    }
  }

  private func load(_ device: UInt16, containing offset: UInt64) throws(StreamIOError) {
    if let current, current.device == device, current.chunk.holds(offset) { return }
    do throws(StreamIOError) {
      try decode(device, containing: offset)
    } catch {
      // What this reader lacks is no damage.
      if case .stream(let defect) = error.cause, defects[device] == nil,
        ![.missingDictionary, .windowExceeded, .unwilling].contains(defect.code)
      {
        defects[device] = defect
      }
      throw error
    }
  }

  private func decode(_ device: UInt16, containing offset: UInt64) throws(StreamIOError) {
    var cursor = ChunkCursor(of: device, at: try places.of(device, in: archive), before: offset)
    while let (record, chunk) = try cursor.next(in: archive, &buffer), chunk.stateOffset <= offset {
      guard chunk.holds(offset) else { continue }
      let bytes = try archive.bytes(of: chunk, record)
      decodedChunkCount += 1
      current = (device, chunk, bytes)
      return
    }
    throw StreamIOError(
      archive.path, .content("device \(device): expected state at \(offset), found none"))
  }
}

extension StateChunk {
  /// Whether the byte at `offset` of the device's state is in the chunk.
  func holds(_ offset: UInt64) -> Bool {
    offset >= stateOffset && offset - stateOffset < UInt64(byteCount)
  }
}
