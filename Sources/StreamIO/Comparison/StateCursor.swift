import ByteIO
import MigrationStream

/// The state of one device of an archive as a sequence of bytes, decoded a chunk at a time.
struct StateCursor: ~Copyable {
  private let device: UInt16
  private var cursor = RecordCursor()
  private var decoder = ChunkDecoder()
  private var payload = ByteBuffer()
  private var header: RecordHeader?
  private var consumed = 0
  /// Where in the device's state the bytes at hand begin.
  private(set) var offset: UInt64 = 0
  private var isAtEnd = false

  init(device: UInt16) {
    self.device = device
  }

  /// The number of bytes at hand.
  var count: Int { (header.map { Int($0.rawByteCount) } ?? 0) - consumed }

  /// The bytes at hand.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      guard let header else { return RawSpan() }
      return decoder.bytes(of: header, payload: payload.bytes).extracting(droppingFirst: consumed)
    }
  }

  /// Makes sure that there are bytes at hand, unless the state is at its end.
  mutating func load(from archive: borrowing StreamArchive) throws(StreamIOError) {
    while count == 0 && !isAtEnd {
      guard let record = try cursor.next(in: archive) else {
        isAtEnd = true
        return
      }
      guard case .chunk(let chunk) = record.content, chunk.device == device else { continue }
      try checkHeader(of: record, in: archive)
      try archive.input.payload(of: record.header, at: record.payloadOffset, buffer: &payload)
      try Self.decode(record, payload, &decoder, archive.path)
      header = record.header
      consumed = 0
    }
  }

  /// Throws where the record's header is not the one that the index gave.
  private mutating func checkHeader(
    of record: ScannedRecord, in archive: borrowing StreamArchive
  ) throws(StreamIOError) {
    guard archive.origin == .index else { return }
    let header = try archive.input.recordHeader(
      at: record.offset, uuidChecksum: archive.uuidChecksum, limits: archive.header.limits,
      buffer: &payload)
    guard header == record.header else {
      throw StreamIOError(
        archive.path,
        .stream(
          StreamError(
            .indexMismatch, at: record.offset, record: header.sequence, device: device,
            expected: "the record header that the index has", found: "another")))
    }
  }

  private static func decode(
    _ record: ScannedRecord, _ payload: borrowing ByteBuffer, _ decoder: inout ChunkDecoder,
    _ path: String
  ) throws(StreamIOError) {
    do throws(StreamError) {
      try decoder.decode(record.header, payload: payload.bytes, at: record.payloadOffset)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  mutating func skip(_ count: Int) {
    consumed += count
    offset += UInt64(count)
  }
}
