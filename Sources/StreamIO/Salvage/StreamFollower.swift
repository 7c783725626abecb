import ByteIO
import MigrationStream

/// Reads the records of a file that may be damaged as a reader of the whole stream does, up to the
/// first thing that such a reader does not accept.
struct StreamFollower: ~Copyable {
  private var parser: RecordParser
  private var resolver: ChunkResolver<Void>
  private var position = UInt64(StreamHeader.byteCount)
  private var start = ByteBuffer()
  private var payload = ByteBuffer()

  /// Why the stream is not accepted; nil as long as it is.
  private(set) var defect: StreamError?

  /// A follower before the first record behind this stream header.
  init(_ header: StreamHeader) {
    parser = RecordParser(header, limits: .standard)
    resolver = ChunkResolver(windowByteCount: header.limits.windowByteCount)
  }

  /// Follows no further.
  mutating func stop(with defect: StreamError) { self.defect = self.defect ?? defect }

  /// Follows the record with this intact header at `offset`.
  mutating func follow(
    _ header: RecordHeader, at offset: UInt64, in input: borrowing StreamBytes
  ) throws(StreamIOError) {
    guard defect == nil else { return }
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    try input.read(into: &start, at: offset, count: RecordHeader.byteCount)
    try input.read(into: &payload, at: payloadOffset, count: Int(header.storedByteCount))
    do throws(StreamError) {
      guard offset == position else {
        throw StreamError(
          .headerChecksum, at: position, record: parser.sequence, expected: "a record header",
          found: "bytes that do not match their checksum")
      }
      guard !parser.isFooterDue else { throw parser.excess(at: offset) }
      let header = try parser.recordHeader(in: start, 0..<start.count, at: offset)
      let record = try parser.record(header, in: payload, 0..<payload.count, at: payloadOffset)
      try resolve(record, header, RecordLocation(header, payloadOffset: payloadOffset))
      position = payloadOffset + UInt64(payload.count)
    } catch {
      defect = error
    }
  }

  private mutating func resolve(
    _ record: Record, _ header: RecordHeader, _ place: RecordLocation
  ) throws(StreamError) {
    guard case .chunk(let chunk) = record else { return resolver.note(record) }
    _ = try resolver.basis(of: chunk, header, at: place)
    if chunk.dependency == .kept { resolver.keep((), of: chunk, header) }
  }

  /// Takes note that there is no intact header at `offset`.
  mutating func miss(
    at offset: UInt64, in input: borrowing StreamBytes
  ) throws(StreamIOError) {
    guard defect == nil else { return }
    try input.read(into: &start, at: offset, count: RecordHeader.byteCount)
    do throws(StreamError) {
      guard start.count == RecordHeader.byteCount else {
        throw parser.torn(at: offset + UInt64(start.count))
      }
      if parser.isFooterDue {
        return try parser.checkFooter(in: start, 0..<start.count, at: offset)
      }
      let header = try parser.recordHeader(in: start, 0..<start.count, at: offset)
      // Intact, but of a record that the file ends within.
      throw parser.torn(at: input.byteCount, within: header)
    } catch {
      defect = error
    }
  }

  /// Holds the footer, which must begin at `offset` and end the file, against what came.
  mutating func finish(
    at offset: UInt64, in input: borrowing StreamBytes
  ) throws(StreamIOError) {
    guard defect == nil else { return }
    try input.read(into: &start, at: offset, count: StreamFooter.byteCount)
    do throws(StreamError) {
      guard parser.isFooterDue, start.count == StreamFooter.byteCount else {
        throw parser.torn(at: input.byteCount)
      }
      try parser.checkFooter(in: start, 0..<start.count, at: offset)
    } catch {
      defect = error
    }
  }
}
