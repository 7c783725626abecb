public import MigrationStream

/// A device to capture, and what is known of it from elsewhere.
public struct CaptureSource<Device: MigratableDevice> {
  public var device: Device
  /// The bindings that the VMM made for the device.
  public var pasids: PASIDTable?

  public init(_ device: Device, pasids: PASIDTable? = nil) {
    self.device = device
    self.pasids = pasids
  }
}
