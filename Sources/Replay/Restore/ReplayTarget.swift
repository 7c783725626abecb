/// A device that takes the state of one of a stream's devices.
public struct ReplayTarget<Device: MigratableDevice> {
  public var device: Device
  /// The number of the stream's device.
  public var number: UInt16

  public init(_ device: Device, number: UInt16) {
    self.device = device
    self.number = number
  }
}
