/// A record of a stream, decoded; a chunk's state bytes stay with the decoder.
public enum Record: Sendable, Hashable {
  case information(StreamInformation)
  case identity(DeviceIdentity, device: UInt16)
  case configuration(ConfigurationRecord, device: UInt16)
  case interrupts(InterruptState, device: UInt16)
  case pasids(PASIDTable, device: UInt16)
  case chunk(StateChunk)
  case summary(DeviceSummary, device: UInt16)
  case end(StreamTotals)
  case index(IndexBlock)
  case optional(OptionalRecord)
}

/// An optional record whose payload this module does not read: of a type that it does not know, or
/// of one that means something to few, such as `RecordType.qemuFraming`. Kept so that a copy of the
/// stream has it too.
public struct OptionalRecord: Sendable, Hashable {
  /// Any type but those that a reader must know.
  public var type: RecordType
  /// The device, or nil if the record concerns the whole stream.
  public var device: UInt16?
  /// As it stands in the stream, at most the metadata limit.
  public var payload: [UInt8]

  /// A record that a writer puts where it is given, between others.
  public init(type: RecordType, device: UInt16?, payload: [UInt8]) {
    self.type = type
    self.device = device
    self.payload = payload
  }
}
