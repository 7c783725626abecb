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

  /// Reads the record header at `offset`, checked against its checksum and the stream's, and with it up to eight bytes of
  /// payload, which stay in `buffer` behind the header.
  borrowing func recordHeader(
    at offset: UInt64, uuidChecksum: UInt32, stream: StreamHeader, buffer: inout ByteBuffer
  ) throws(StreamIOError) -> RecordHeader {
    try read(
      into: &buffer, at: offset, count: RecordHeader.byteCount + StateChunk.headByteCount)
    return try Self.recordHeader(
      in: buffer, path, at: offset, uuidChecksum: uuidChecksum, stream: stream)
  }

  private static func recordHeader(
    in buffer: borrowing ByteBuffer, _ path: String, at offset: UInt64, uuidChecksum: UInt32,
    stream: StreamHeader
  ) throws(StreamIOError) -> RecordHeader {
    guard buffer.count >= RecordHeader.byteCount else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .torn, at: offset + UInt64(buffer.count), expected: "a record header",
            found: "the end of the file")))
    }
    guard let header = RecordHeader(parsing: buffer.bytes, uuidChecksum: uuidChecksum) else {
      throw StreamIOError(
        path,
        .stream(
          StreamError(
            .headerChecksum, at: offset, expected: "a record header",
            found: "bytes that do not match their checksum")))
    }
    do throws(StreamError) {
      try header.check(
        limits: stream.limits, features: stream.mandatoryFeatures, at: offset)
    } catch {
      throw StreamIOError(path, .stream(error))
    }
    return header
  }

  /// Reads the payload at `offset` of the record with this header into `buffer`, and checks its checksum.
  borrowing func payload(
    of header: RecordHeader, at offset: UInt64, buffer: inout ByteBuffer
  ) throws(StreamIOError) {
    try read(into: &buffer, at: offset, count: Int(header.storedByteCount))
    let place = RecordPlace(
      payloadOffset: offset, record: header.sequence, device: header.deviceNumber)
    guard buffer.count == Int(header.storedByteCount) else {
      throw StreamIOError(
        path,
        .stream(
          place.error(
            .torn, at: offset + UInt64(buffer.count),
            expected: "\(header.storedByteCount) bytes of \(header.type)",
            found: "\(buffer.count) and the end of the file")))
    }
    let checksum = CRC32C.checksum(of: buffer.bytes)
    guard checksum == header.payloadChecksum else {
      throw StreamIOError(
        path,
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
      throw StreamIOError(path, .stream(error))
    }
  }
}
