public import Devices

/// A place of a host that has one emulated device, which one user at a time opens.
///
/// As behind vfio-pci the device is reset when it is opened again; mtty, which is no vfio-pci
/// function, stays in the state that it was left in.
public final class EmulatedOpener: DeviceOpener {
  private let device: EmulatedDevice
  private var isOpen = false
  private var wasOpen = false

  /// A place that has `device`.
  public init(_ device: EmulatedDevice) { self.device = device }

  public var name: String { device.name }

  /// Throws EBUSY if somebody has it open.
  public func open() throws(DeviceError) -> any MigratableDevice {
    guard !isOpen else { throw DeviceError(.open(name), .busy) }
    if wasOpen, device.model.driver != "mtty" { try device.reset() }
    (isOpen, wasOpen) = (true, true)
    return device
  }

  public func close(_ device: any MigratableDevice) {
    isOpen = false
    self.device.abandon()
  }
}
