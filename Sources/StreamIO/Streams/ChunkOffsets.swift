import MigrationStream

/// Where the chunks of consecutive devices of an archive are, as a walk of its records found them.
///
/// However many chunks there are, no more than a limit of places are held: the last devices give
/// way to the first, and of the first alone every other place does.
struct ChunkOffsets {
  struct Place {
    let stateOffset: UInt64
    let recordOffset: UInt64
  }

  /// The places of one device, in ascending order.
  struct OfDevice {
    var places: [Place] = []
    /// Whether each of the device's chunks has its place.
    var isComplete = true
  }

  /// The devices whose chunks are noted; the end moves down.
  private var devices: Range<Int>
  private var found: [OfDevice] = []
  private var count = 0
  private let limit: Int

  /// Places of the devices from `first` on, up to `limit` of them.
  init(from first: UInt16 = 0, limit: Int) {
    devices = Int(first)..<Int(RecordHeader.noDevice)
    self.limit = limit
  }

  /// Takes note of a record of the walk.
  mutating func note(_ record: ScannedRecord) {
    guard case .chunk(let chunk) = record.content, devices.contains(Int(chunk.device)) else {
      return
    }
    let index = Int(chunk.device) - devices.lowerBound
    while found.count <= index { found.append(OfDevice()) }
    found[index].places.append(
      Place(stateOffset: chunk.stateOffset, recordOffset: record.offset))
    count += 1
    while count > limit { makeRoom() }
  }

  private mutating func makeRoom() {
    if found.count > 1 {
      count -= found.removeLast().places.count
      devices = devices.lowerBound..<devices.lowerBound + found.count
    } else {
      let places = found[0].places
      found[0] = OfDevice(
        places: stride(from: 0, to: places.count, by: 2).map { places[$0] }, isComplete: false)
      count = found[0].places.count
    }
  }

  /// The places of a device; if they gave way, the records are walked again, and those of the
  /// devices before give way.
  mutating func of(
    _ device: UInt16, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> OfDevice {
    if !devices.contains(Int(device)) {
      self = ChunkOffsets(from: device, limit: limit)
      _ = try archive.catalog(&self)
    }
    let index = Int(device) - devices.lowerBound
    return found.indices.contains(index) ? found[index] : OfDevice()
  }
}

extension StreamArchive {
  /// The catalog, from a walk that notes the places of the chunks; each must begin as the index
  /// says.
  ///
  /// `note` sees every record of the walk.
  borrowing func catalog(
    _ places: inout ChunkOffsets, note: (ScannedRecord) -> Void = { _ in }
  ) throws(StreamIOError) -> StreamCatalog {
    try catalog(verifyingIndex: true) { record in
      places.note(record)
      note(record)
    }
  }
}
