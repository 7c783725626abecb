import ByteIO
import MigrationStream

/// The bytes of a stream at any offset, and its records by where they begin; errors name them.
struct StreamBytes: ~Copyable {
  private let source: any RandomAccessBytes<StreamIOError> & ~Copyable
  /// What errors call the bytes.
  let name: String
  let byteCount: UInt64

  /// Throws if `source` cannot be read at an offset.
  init(
    _ source: consuming any RandomAccessBytes<StreamIOError> & ~Copyable
  ) throws(StreamIOError) {
    name = source.name
    guard let byteCount = source.byteCount else {
      throw StreamIOError(
        name, .content("expected a file, found what cannot be read at an offset"))
    }
    self.byteCount = byteCount
    self.source = source
  }

  /// The same bytes from the first to the last.
  consuming func sequence() -> some ByteSource<StreamIOError> & ~Copyable { Sequence(source) }

  /// Replaces what `buffer` holds by `count` bytes from `offset`, or by fewer if the end is before.
  borrowing func read(
    into buffer: inout ByteBuffer, at offset: UInt64, count: Int
  ) throws(StreamIOError) {
    try Self.read(source, into: &buffer, at: offset, count: count)
  }

  // Of values without a copy, the compiler only opens what a parameter borrows.
  private static func read(
    _ source: borrowing any RandomAccessBytes<StreamIOError> & ~Copyable,
    into buffer: inout ByteBuffer, at offset: UInt64, count: Int
  ) throws(StreamIOError) {
    try source.read(into: &buffer, at: offset, count: count)
  }

  /// Turns an error about the stream into one that names it.
  borrowing func naming<Result>(
    _ body: () throws(StreamError) -> Result
  ) throws(StreamIOError) -> Result {
    do throws(StreamError) {
      return try body()
    } catch {
      throw StreamIOError(name, .stream(error))
    }
  }

  /// Reads the record header at `offset`, checked against its checksum and the stream's.
  ///
  /// Up to eight bytes of payload come with it, and stay in `buffer` behind the header.
  borrowing func recordHeader(
    at offset: UInt64, uuidChecksum: UInt32, stream: StreamHeader, buffer: inout ByteBuffer
  ) throws(StreamIOError) -> RecordHeader {
    try read(
      into: &buffer, at: offset, count: RecordHeader.byteCount + StateChunk.headByteCount)
    return try Self.recordHeader(
      in: buffer, name, at: offset, uuidChecksum: uuidChecksum, stream: stream)
  }

  private static func recordHeader(
    in buffer: borrowing ByteBuffer, _ name: String, at offset: UInt64, uuidChecksum: UInt32,
    stream: StreamHeader
  ) throws(StreamIOError) -> RecordHeader {
    guard buffer.count >= RecordHeader.byteCount else {
      throw StreamIOError(
        name,
        .stream(
          StreamError(
            .torn, at: offset + UInt64(buffer.count), expected: "a record header",
            found: "the end of the file")))
    }
    guard let header = RecordHeader(parsing: buffer.bytes, uuidChecksum: uuidChecksum) else {
      throw StreamIOError(
        name,
        .stream(
          StreamError(
            .headerChecksum, at: offset, expected: "a record header",
            found: "bytes that do not match their checksum")))
    }
    do throws(StreamError) {
      try header.check(
        limits: stream.limits, features: stream.mandatoryFeatures, at: offset)
    } catch {
      throw StreamIOError(name, .stream(error))
    }
    return header
  }

  /// Reads the payload at `offset` of the record with this header into `buffer`, and checks its
  /// checksum.
  borrowing func payload(
    of header: RecordHeader, at offset: UInt64, buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    try read(into: &buffer, at: offset, count: Int(header.storedByteCount))
    let place = RecordPlace(
      payloadOffset: offset, record: header.sequence, device: header.deviceNumber)
    guard buffer.count == Int(header.storedByteCount) else {
      throw StreamIOError(
        name,
        .stream(
          place.error(
            .torn, at: offset + UInt64(buffer.count),
            expected: "\(header.storedByteCount) bytes of \(header.type)",
            found: "\(buffer.count) and the end of the file")))
    }
    let checksum = CRC32C.checksum(of: buffer.bytes)
    guard checksum == header.payloadChecksum else {
      throw StreamIOError(
        name,
        .stream(
          place.error(
            .payloadChecksum,
            expected: "\(header.type) with checksum 0x\(hex(header.payloadChecksum, digits: 8))",
            found: "0x\(hex(checksum, digits: 8))")))
    }
  }

  /// Reads the metadata record with this header at `offset`.
  borrowing func metadata(
    _ header: RecordHeader, at offset: UInt64, buffer: inout ByteBuffer
  ) throws(StreamIOError) -> Record {
    let payloadOffset = offset + UInt64(RecordHeader.byteCount)
    try payload(of: header, at: payloadOffset, buffer: &buffer)
    do throws(StreamError) {
      return try Record(
        metadata: header, payload: buffer.bytes,
        at: RecordPlace(
          payloadOffset: payloadOffset, record: header.sequence, device: header.deviceNumber))
    } catch {
      throw StreamIOError(name, .stream(error))
    }
  }
}

extension StreamBytes {
  private struct Sequence: ~Copyable, ByteSource {
    private let source: any RandomAccessBytes<StreamIOError> & ~Copyable
    let name: String
    let byteCount: UInt64?
    private var position: UInt64 = 0

    init(_ source: consuming any RandomAccessBytes<StreamIOError> & ~Copyable) {
      name = source.name
      byteCount = source.byteCount
      self.source = source
    }

    mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
      let count = try Self.read(source, into: &span, at: position)
      position += UInt64(count)
      return count
    }

    private static func read(
      _ source: borrowing any RandomAccessBytes<StreamIOError> & ~Copyable,
      into span: inout MutableRawSpan, at offset: UInt64
    ) throws(StreamIOError) -> Int {
      try source.read(into: &span, at: offset)
    }
  }
}
