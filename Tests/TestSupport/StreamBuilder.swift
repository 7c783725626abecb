import ByteIO
public import MigrationStream

/// A stream described as values, to be encoded in one go.
public struct StreamBuilder: Sendable {
  public struct Piece: Sendable, Hashable {
    public var device: UInt16
    public var context: StateChunk.Context
    public var bytes: [UInt8]

    public init(device: UInt16, context: StateChunk.Context, bytes: [UInt8]) {
      self.device = device
      self.context = context
      self.bytes = bytes
    }
  }

  public struct Device: Sendable {
    public var identity = DeviceIdentity()
    public var configuration: ConfigurationRecord?
    public var interrupts: InterruptState?
    public var pasids: PASIDTable?
    public init() {}
  }

  public var header: StreamHeader
  public var compression = Compression.standard
  /// Streams of fewer chunks get no index.
  public var indexThreshold = 8
  public var information = StreamInformation()
  public var devices: [Device] = [Device()]
  /// Records of unknown types, put after the devices.
  public var unknown: [OptionalRecord] = []
  public var pieces: [Piece] = []

  /// Sixteen times the byte 0x11, 64 KiB chunks.
  public static var uuid: StreamUUID {
    StreamUUID("11111111-1111-1111-1111-111111111111") ?? .random()
  }

  public init() {
    header = StreamHeader(
      uuid: Self.uuid,
      limits: StreamLimits(chunkByteCount: 64 << 10, metadataByteCount: 1 << 20))
  }

  /// The encoded stream; pieces go through `push`, in steps of `step` bytes.
  public func encoded(step: Int = .max) throws(StreamError) -> [UInt8] {
    var encoder = try StreamEncoder(
      header, compression: compression, indexThreshold: indexThreshold)
    var output: [UInt8] = []
    output.take(try encoder.write(.information(information)))
    for (number, device) in zip((0 as UInt16)..., devices) {
      output.take(try encoder.write(.identity(device.identity, device: number)))
      if let record = device.configuration {
        output.take(try encoder.write(.configuration(record, device: number)))
      }
      if let record = device.interrupts {
        output.take(try encoder.write(.interrupts(record, device: number)))
      }
      if let record = device.pasids {
        output.take(try encoder.write(.pasids(record, device: number)))
      }
    }
    for record in unknown { output.take(try encoder.write(.optional(record))) }
    for piece in pieces {
      var start = 0
      while start < piece.bytes.count {
        let end = piece.bytes.count - start > step ? start + step : piece.bytes.count
        var input = piece.bytes.span.raw.extracting(start..<end)
        while let bytes = try encoder.push(
          &input, device: piece.device, context: piece.context)
        {
          output.take(bytes)
        }
        start = end
      }
    }
    if let bytes = try encoder.flush() { output.take(bytes) }
    output.take(try encoder.finish())
    return output
  }
}

extension [UInt8] {
  /// Appends what an encoder lends.
  public mutating func take(_ bytes: borrowing EncodedBytes) {
    self += [UInt8](bytes.head)
    self += [UInt8](bytes.body)
  }
}
