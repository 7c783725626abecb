import ByteIO

/// The 32 bytes before every record's payload.
public struct RecordHeader: Sendable, Hashable {
  /// The size of the encoded header.
  public static let byteCount = 32
  /// The device number of a record that concerns the whole stream.
  public static let noDevice: UInt16 = 0xffff

  /// The kind of the record, which decides how its payload is read.
  public var type: RecordType
  /// The coding of a chunk's payload; raw for other records.
  public var encoding: ChunkEncoding
  /// Whether a reader that does not know `type` must refuse the stream.
  public var isMandatory: Bool
  /// The device, or `noDevice`.
  public var device: UInt16
  /// The record's number in the stream, counted from 0.
  public var sequence: UInt32
  /// Where a chunk begins in the device's state; 0 in other records.
  public var stateOffset: UInt64
  /// The number of bytes that the payload stands for.
  public var rawByteCount: UInt32
  /// The number of payload bytes that follow.
  public var storedByteCount: UInt32
  /// The CRC-32C of those.
  public var payloadChecksum: UInt32

  /// The header of one record.
  public init(
    type: RecordType, encoding: ChunkEncoding = .raw, isMandatory: Bool, device: UInt16,
    sequence: UInt32, stateOffset: UInt64 = 0, rawByteCount: UInt32, storedByteCount: UInt32,
    payloadChecksum: UInt32
  ) {
    self.type = type
    self.encoding = encoding
    self.isMandatory = isMandatory
    self.device = device
    self.sequence = sequence
    self.stateOffset = stateOffset
    self.rawByteCount = rawByteCount
    self.storedByteCount = storedByteCount
    self.payloadChecksum = payloadChecksum
  }

  /// The device number, unless the record concerns the whole stream.
  public var deviceNumber: UInt16? { device == Self.noDevice ? nil : device }
}

extension RecordHeader {
  /// The fields of the first 32 of `bytes`, which must have as many, if the checksum matches.
  ///
  /// The checksum begins with the stream's UUID, so that a record of another stream, which a guest
  /// could have planted in its device's state, is never taken for one of this stream.
  package init?(parsing bytes: RawSpan, uuidChecksum: UInt32) {
    let head = bytes.extracting(0..<28)
    guard
      CRC32C.checksum(of: head, continuing: uuidChecksum) == bytes.little(UInt32.self, at: 28)
    else { return nil }
    self.init(unchecked: bytes)
  }

  /// The fields of the first 32 of `bytes` without a look at the checksum.
  init(unchecked bytes: RawSpan) {
    let flags = bytes[byte: 1]
    self.init(
      type: RecordType(rawValue: bytes[byte: 0]),
      encoding: ChunkEncoding(rawValue: flags & 0x0f), isMandatory: flags & 0x80 != 0,
      device: bytes.little(UInt16.self, at: 2), sequence: bytes.little(UInt32.self, at: 4),
      stateOffset: bytes.little(UInt64.self, at: 8),
      rawByteCount: bytes.little(UInt32.self, at: 16),
      storedByteCount: bytes.little(UInt32.self, at: 20),
      payloadChecksum: bytes.little(UInt32.self, at: 24))
  }

  func encode(into writer: inout ByteWriter, uuidChecksum: UInt32) {
    let start = writer.count
    writer.little(type.rawValue)
    writer.little(encoding.rawValue & 0x0f | (isMandatory ? 0x80 : 0))
    writer.little(device)
    writer.little(sequence)
    writer.little(stateOffset)
    writer.little(rawByteCount)
    writer.little(storedByteCount)
    writer.little(payloadChecksum)
    let checksum = CRC32C.checksum(
      of: writer.bytes.span.raw.extracting(start..<start + 28), continuing: uuidChecksum)
    writer.little(checksum)
  }
}
