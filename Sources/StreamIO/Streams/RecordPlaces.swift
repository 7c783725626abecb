import ByteIO
import MigrationStream

/// Where the records of an archive begin, by their numbers.
///
/// Found by one walk when somebody first asks. However many records there are, no more than a limit
/// of places are held: of more, every second gives way, and those between are found from the one
/// before.
final class RecordPlaces {
  private static let limit = 1 << 18

  private var offsets: [UInt64] = []
  private var step = 1
  private var isRead = false

  /// The header of the record with this number, and where it begins; nil if there is none before
  /// whatever is wrong with the stream.
  func record(
    _ number: UInt32, in archive: borrowing StreamArchive
  ) throws(StreamIOError) -> (offset: UInt64, header: RecordHeader)? {
    if !isRead { try read(archive) }
    let index = Int(number) / step
    guard index < offsets.count else { return nil }
    var buffer = ByteBuffer()
    var offset = offsets[index]
    for next in UInt32(index * step)...number {
      let header = try archive.recordHeader(at: offset, number: next, &buffer)
      if next == number { return (offset, header) }
      if header.type == .end { return nil }
      offset += UInt64(RecordHeader.byteCount) + UInt64(header.storedByteCount)
    }
    return nil
  }

  private func read(_ archive: borrowing StreamArchive) throws(StreamIOError) {
    isRead = true
    var cursor = RecordCursor(in: archive)
    do throws(StreamIOError) {
      while let record = try cursor.next(in: archive) { note(record) }
    } catch {
      // What comes before the damage can be read.
      guard case .stream = error.cause else { throw error }
    }
  }

  private func note(_ record: ScannedRecord) {
    guard Int(record.header.sequence) % step == 0 else { return }
    offsets.append(record.offset)
    guard offsets.count > Self.limit else { return }
    offsets = stride(from: 0, to: offsets.count, by: 2).map { offsets[$0] }
    step *= 2
  }
}
