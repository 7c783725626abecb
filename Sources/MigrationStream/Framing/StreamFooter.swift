import ByteIO

/// The last 32 bytes of a whole stream: where its index is.
public struct StreamFooter: Sendable, Hashable {
  /// The size of the encoded footer.
  public static let byteCount = 32
  /// The last four bytes of a whole stream.
  public static let magic: [UInt8] = [0x44, 0x4d, 0x53, 0x0a]

  /// Where the last index block begins, counted from the start of the stream; nil in a stream
  /// without an index.
  public var indexOffset: UInt64?
  /// The UUID of the stream header, to tell a footer of this stream from any other.
  public var uuid: StreamUUID

  /// The footer of the stream `uuid`, whose last index block begins at `indexOffset`.
  public init(indexOffset: UInt64?, uuid: StreamUUID) {
    self.indexOffset = indexOffset
    self.uuid = uuid
  }
}

extension StreamFooter {
  /// The footer in the first 32 of `bytes`, which must have as many, if its checksum and magic
  /// match.
  public init?(parsing bytes: RawSpan) {
    guard bytes.byteCount >= Self.byteCount,
      (0..<4).allSatisfy({ bytes[byte: 28 + $0] == Self.magic[$0] }),
      CRC32C.checksum(of: bytes.extracting(0..<24)) == bytes.little(UInt32.self, at: 24),
      let uuid = StreamUUID(bytes: [UInt8](bytes.extracting(8..<24)))
    else { return nil }
    let indexOffset = bytes.little(UInt64.self, at: 0)
    self.init(indexOffset: indexOffset == 0 ? nil : indexOffset, uuid: uuid)
  }

  /// The 32 bytes.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    writer.little(indexOffset ?? 0)
    writer.append(uuid.bytes)
    writer.little(CRC32C.checksum(of: writer.bytes.span.raw))
    writer.append(Self.magic)
    return writer.bytes
  }
}
