/// An optional record of a type that this module does not know, kept so that a copy of the stream has it too.
public struct UnknownRecord: Sendable, Hashable {
  public var type: RecordType
  /// The device, or nil where the record concerns the whole stream.
  public var device: UInt16?
  public var payload: [UInt8]

  public init(type: RecordType, device: UInt16?, payload: [UInt8]) {
    self.type = type
    self.device = device
    self.payload = payload
  }
}
