private import ByteIO
public import MigrationStream

/// A stream from memory.
public struct MemorySource: ~Copyable, VerifyingRecordSource {
  private var decoder = StreamDecoder()
  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public mutating func next() throws(StreamError) -> Record? {
    while true {
      if let record = try decoder.next() { return record }
      let count = min(decoder.wantedByteCount, bytes.count - position)
      if count == 0 {
        try decoder.finish()
        return nil
      }
      let part = bytes[position..<position + count]
      _ = decoder.fill { span in
        span.copy(part.span.raw)
        return count
      }
      position += count
    }
  }

  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamError) -> RawSpan { try decoder.chunkBytes() }

  public var recordOffset: UInt64 { decoder.recordOffset }
  public var recordNumber: UInt32 { decoder.recordHeader?.sequence ?? 0 }
  public func isVerified(device: UInt16) -> Bool { decoder.isVerified(device: device) }
}
