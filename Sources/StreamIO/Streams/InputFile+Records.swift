import ByteIO
import MigrationStream

extension InputFile {
  /// Turns an error about the stream into one about this file.
  borrowing func naming<Result>(
    _ body: () throws(StreamError) -> Result
  ) throws(StreamIOError) -> Result {
    do throws(StreamError) {
      return try body()
    } catch {
      throw StreamIOError(path, .stream(error))
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
      throw StreamIOError(path, .stream(error))
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
      throw StreamIOError(path, .stream(error))
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
      throw StreamIOError(path, .stream(error))
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
