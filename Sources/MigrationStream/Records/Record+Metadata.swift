import ByteIO

extension Record {
  /// The record with this header and payload, whose checksum the caller has compared; not for state
  /// chunks.
  package init(
    metadata header: RecordHeader, payload: RawSpan, at place: RecordLocation
  ) throws(StreamError) {
    let device = header.device
    switch header.type {
    case .streamInformation: self = .information(try .init(parsing: payload, at: place))
    case .deviceIdentity: self = .identity(try .init(parsing: payload, at: place), device: device)
    case .configurationSpace:
      self = .configuration(try .init(parsing: payload, at: place), device: device)
    case .interruptState:
      self = .interrupts(try .init(parsing: payload, at: place), device: device)
    case .pasidTable: self = .pasids(try .init(parsing: payload, at: place), device: device)
    case .deviceSummary: self = .summary(try .init(parsing: payload, at: place), device: device)
    case .end: self = .end(try .init(parsing: payload, at: place))
    case .index: self = .index(try .init(parsing: payload, at: place))
    default:
      self = .optional(
        OptionalRecord(
          type: header.type, device: header.deviceNumber, payload: [UInt8](payload)))
    }
  }
}
