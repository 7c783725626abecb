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

  /// Reads the record header at `offset`, and checks it.
  ///
  /// Up to eight bytes of payload come with it, and stay in `buffer` behind the header.
  borrowing func recordHeader(
    at offset: UInt64, _ check: RecordCheck, number: UInt32? = nil, buffer: inout ByteBuffer
  ) throws(StreamIOError) -> RecordHeader {
    try read(
      into: &buffer, at: offset, count: RecordHeader.byteCount + StateChunk.headByteCount)
    do throws(StreamError) {
      return try check.header(in: buffer.bytes, at: offset, number: number)
    } catch {
      throw StreamIOError(name, .stream(error))
    }
  }

  /// Reads the payload at `offset` of the record with this header into `buffer`, and checks it.
  borrowing func payload(
    of header: RecordHeader, at offset: UInt64, buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    try read(into: &buffer, at: offset, count: Int(header.storedByteCount))
    do throws(StreamError) {
      try header.check(buffer.bytes, at: offset)
    } catch {
      throw StreamIOError(name, .stream(error))
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
        at: RecordPlace(header, payloadOffset: payloadOffset))
    } catch {
      throw StreamIOError(name, .stream(error))
    }
  }

  /// Reads the next block of an index, and where it begins; nil after the first of the stream.
  borrowing func indexBlock(
    of chain: inout IndexChain, _ check: RecordCheck, buffer: inout ByteBuffer
  ) throws(StreamIOError) -> (offset: UInt64, block: IndexBlock)? {
    let next = try naming { () throws(StreamError) in try chain.nextOffset() }
    guard let next else { return nil }
    let header = try recordHeader(at: next, check, buffer: &buffer)
    let record = try metadata(header, at: next, buffer: &buffer)
    return (next, try naming { () throws(StreamError) in try chain.take(record, header) })
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
