import ByteIO
import MigrationStream

/// Goes through the chunks of one device of an archive, from place to place; of records only the
/// headers are read.
struct ChunkCursor {
  private let device: UInt16
  private let found: ChunkOffsets.OfDevice
  private var next = 0
  // If places gave way: the record to look at next, once there was one.
  private var position: UInt64?

  /// A cursor before the first chunk.
  init(of device: UInt16, at found: ChunkOffsets.OfDevice) {
    self.device = device
    self.found = found
  }

  /// A cursor before the last place that does not lie behind the byte at `offset` of the state.
  init(of device: UInt16, at found: ChunkOffsets.OfDevice, before offset: UInt64) {
    self.init(of: device, at: found)
    var high = found.places.count
    while next < high {
      let middle = (next + high) / 2
      if found.places[middle].stateOffset <= offset { next = middle + 1 } else { high = middle }
    }
    next = max(0, next - 1)
  }

  /// The next chunk, or nil after the last one.
  mutating func next(
    in archive: borrowing StreamArchive, _ buffer: inout ByteBuffer
  ) throws(StreamIOError) -> (record: ScannedRecord, chunk: StateChunk)? {
    guard next < found.places.count else { return nil }
    var offset = position ?? found.places[next].recordOffset
    if found.isComplete {
      next += 1
      return try archive.chunk(at: offset, of: device, &buffer)
    }
    while true {
      let header = try archive.recordHeader(at: offset, &buffer)
      if header.type == .end { return nil }
      let end = offset + UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount)
      position = end
      if header.type == .stateChunk, header.device == device {
        return try archive.chunk(at: offset, of: device, &buffer)
      }
      offset = end
    }
  }
}
