public import Devices
public import VirtualPCI

/// Whoever shows a guest its configuration space over a device: a VMM, or a server of the device.
public protocol GuestSpaceServer: AnyObject {
  /// What the guest sees now, with what it wrote; nil if it sees the device's own space.
  func guestSpace() throws(DeviceError) -> ConfigSpaceState?

  /// Has the guest see what it saw of the same profile on another device, and gives the device the
  /// control bits that the guest had set there.
  func restore(_ state: ConfigSpaceState) throws(DeviceError)
}
