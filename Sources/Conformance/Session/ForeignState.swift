import ByteIO
public import Devices

/// The state of another device, for a device that should not take it.
public struct ForeignState: Sendable, Hashable {
  /// What reports call it.
  public let name: String
  /// All of it.
  public let bytes: [UInt8]

  /// A state that was read elsewhere.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// The state of a device, as STOP_COPY hands it out; nil if it has more than `limit` bytes.
  public init?(
    of device: any MigratableDevice, named name: String, limit: Int
  ) throws(DeviceError) {
    guard let channel = try device.transition(to: .stopCopy) else { return nil }
    var bytes: [UInt8] = []
    var buffer = ByteBuffer(capacity: 1 << 20)
    while true {
      buffer.removeAll()
      let count = try buffer.fill(limit: 1 << 20) { (span) throws(DeviceError) in
        try channel.read(into: &span)
      }
      if count == 0 { break }
      bytes += [UInt8](buffer.bytes)
      guard bytes.count <= limit else { return nil }
    }
    self.init(name: name, bytes: bytes)
  }
}
