import ByteIO

/// The head of a frame; what stands on the connection between two peers is nothing else, behind
/// the preamble.
struct FrameHeader: Equatable {
  /// What a frame carries.
  enum Kind: UInt8, CaseIterable {
    /// One message.
    case message = 1
    /// Bytes of the stream that introduces the devices.
    case introduction = 2
    /// Bytes of the stream with the state.
    case stream = 3
    /// Nothing: its sender is alive.
    case alive = 4

    /// Whether the payload is of a stream, which has checksums of its own.
    var isOfStream: Bool { self == .introduction || self == .stream }
  }

  var kind: Kind
  /// For bytes of a stream: how many came before.
  var offset: UInt64
  var payloadByteCount: UInt32

  static let byteCount = 20
  /// The most bytes of a payload.
  static let payloadLimit = 1 << 20

  /// What begins a connection, each way. The first byte is no text, the others tell line endings
  /// that were changed.
  static let preamble: [UInt8] = [0x8f, 0x46, 0x48, 0x4f, 0x0d, 0x0a, 0x1a, 0x0a]

  /// The bytes of the head, whose checksum is of `message` too, if that is the payload.
  func bytes(of message: RawSpan = RawSpan()) -> [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    writer.little(payloadByteCount)
    writer.little(kind.rawValue)
    writer.append([0, 0, 0])
    writer.little(offset)
    let checksum = CRC32C.checksum(of: writer.bytes.span.raw)
    writer.little(CRC32C.checksum(of: message, continuing: checksum))
    return writer.bytes
  }

  /// The head in the first 20 bytes of `bytes`, which must be there.
  init(_ bytes: RawSpan) throws(HandoverError.Cause) {
    payloadByteCount = bytes.little(UInt32.self, at: 0)
    offset = bytes.little(UInt64.self, at: 8)
    let code = bytes[byte: 4]
    guard let kind = Kind(rawValue: code) else {
      throw .malformed("expected a frame of the kinds 1 to 4, found \(code)")
    }
    self.kind = kind
    guard payloadByteCount <= Self.payloadLimit else {
      throw .malformed(
        "expected a frame of at most \(Self.payloadLimit) bytes, found \(payloadByteCount)")
    }
  }

  init(kind: Kind, offset: UInt64 = 0, payloadByteCount: Int) {
    self.kind = kind
    self.offset = offset
    self.payloadByteCount = UInt32(payloadByteCount)
  }

  /// Whether a frame is as it was sent: its head and, of one that is not of a stream, its payload.
  static func isIntact(_ frame: RawSpan) -> Bool {
    let head = frame.extracting(0..<byteCount - 4)
    let checksum = CRC32C.checksum(
      of: frame.extracting(byteCount..<frame.byteCount),
      continuing: CRC32C.checksum(of: head))
    return checksum == frame.little(UInt32.self, at: byteCount - 4)
  }
}
