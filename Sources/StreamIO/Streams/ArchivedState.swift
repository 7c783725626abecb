public import ByteIO
import MigrationStream

/// The state of the devices of an archive, read at any place; the chunk that was read last is kept.
public final class ArchivedState {
  public let archive: StreamArchive
  /// The number of chunks that were decoded.
  public private(set) var decodedChunkCount: UInt64 = 0
  private var places: [UInt16: [Place]] = [:]
  private var current: (device: UInt16, chunk: StateChunk, bytes: [UInt8])?

  private struct Place {
    let stateOffset: UInt64
    let recordOffset: UInt64
  }

  // Chunks of a byte each would be as many as the state has bytes.
  private static let placeLimit = 1 << 22

  public init(_ archive: consuming StreamArchive) {
    self.archive = archive
  }

  /// Notes where the chunks of a device are, for reading many of them; 16 bytes of memory for each.
  public func locateChunks(of device: UInt16) throws(StreamIOError) {
    var found: [Place] = []
    var cursor = RecordCursor()
    while let record = try cursor.next(in: archive) {
      guard case .chunk(let chunk) = record.content, chunk.device == device else { continue }
      guard found.count < Self.placeLimit else {
        throw StreamIOError(
          archive.path, .content("expected at most \(Self.placeLimit) chunks of a device"))
      }
      found.append(Place(stateOffset: chunk.stateOffset, recordOffset: record.offset))
    }
    places[device] = found
  }

  /// Appends `count` bytes of a device's state from `offset` to `buffer`; throws where the state has no such bytes.
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

  private func load(_ device: UInt16, containing offset: UInt64) throws(StreamIOError) {
    if let current, current.device == device, offset >= current.chunk.stateOffset,
      offset - current.chunk.stateOffset < UInt64(current.bytes.count)
    {
      return
    }
    let found: (chunk: StateChunk, bytes: [UInt8])?
    if let places = places[device] {
      found = try place(of: offset, in: places).map { (place) throws(StreamIOError) in
        try archive.chunk(at: place.recordOffset)
      }
    } else {
      found = try archive.chunk(of: device, containing: offset)
    }
    guard let found, offset >= found.chunk.stateOffset,
      offset - found.chunk.stateOffset < UInt64(found.bytes.count)
    else {
      throw StreamIOError(
        archive.path,
        .content("device \(device): expected state at \(offset), found none"))
    }
    decodedChunkCount += 1
    current = (device, found.chunk, found.bytes)
  }

  /// The last place at or before `offset`.
  private func place(of offset: UInt64, in places: [Place]) -> Place? {
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if places[middle].stateOffset <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? places[low - 1] : nil
  }
}
