/// The way to a device for whoever opens it more than once, or lets go of it in between.
public protocol DeviceOpener: AnyObject {
  /// What the operator calls the device.
  var name: String { get }

  /// Whether the device can be opened again after it was let go, which one that was inherited open
  /// cannot.
  var canReopen: Bool { get }

  /// Opens the device, as one user of it.
  func open() throws(DeviceError) -> any MigratableDevice

  /// Is told that `device` is not used any more; a device whose file closes with its last reference
  /// needs no more than that.
  func close(_ device: any MigratableDevice)
}

extension DeviceOpener {
  /// It can.
  public var canReopen: Bool { true }

  /// Nothing more is needed.
  public func close(_ device: any MigratableDevice) {}
}
