public import MigrationStream

/// A device that a VFIO driver offers, as sysfs has it, or one at a server's socket.
///
/// Nothing is opened for it.
public struct HostDevice: Sendable, Hashable {
  /// Its name on its bus: a PCI address, a mediated device's UUID.
  public var name: String
  /// `pci`, `mdev`, `platform`, …; `vfio-user` of a device that another process serves.
  public var bus: String
  /// The driver that is bound to it; nil if none is.
  public var driver: String?
  /// Its own file, `/dev/vfio/devices/vfioN`, or its socket; nil if the kernel has none.
  public var devicePath: String?
  /// Its group's file, `/dev/vfio/N`.
  public var groupPath: String?
  /// What it is, of a PCI function.
  public var pci: DeviceIdentity.PCIIdentity?
  /// What it is, of a mediated device: its type's name, as in `mtty-2`.
  public var mediatedType: String?

  /// A device of which no more is known.
  package init(name: String, bus: String) {
    self.name = name
    self.bus = bus
  }

  /// Whether another process serves the device, so that it is in no group of this host.
  public var isServed: Bool { bus == Self.servedBus }

  /// The bus of a device that another process serves.
  package static let servedBus = "vfio-user"

  /// A way to a device's file.
  public enum Interface: String, Sendable, Hashable, CaseIterable {
    /// `/dev/vfio/devices/vfioN` and an iommufd.
    case cdev
    /// `/dev/vfio/N` and a container.
    case group
  }

  /// The reason why the device cannot be opened so; nil if nothing speaks against it.
  func obstacle(to interface: Interface?) -> String? {
    guard let driver else {
      return "expected a device bound to a VFIO driver, found one bound to none"
    }
    if bus == "pci", devicePath == nil, !VariantDriver.isVFIO(driver) {
      return "expected a device bound to a VFIO driver, found it bound to \(driver)"
    }
    switch interface {
    case .cdev:
      return devicePath == nil
        ? "expected a file /dev/vfio/devices/vfioN, found none (the kernel has no VFIO_DEVICE_CDEV)"
        : nil
    case .group:
      return groupPath == nil ? "expected an IOMMU group, found none" : nil
    case nil:
      return devicePath ?? groupPath == nil
        ? "expected a file of its own or an IOMMU group, found neither" : nil
    }
  }
}
