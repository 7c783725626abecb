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
