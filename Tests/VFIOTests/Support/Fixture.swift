import Devices
import EmulatedDevices
import MigrationStream
import SystemPackage
import VFIO

/// Kernels with one device, and ways to open it.
enum Fixture {
  static let uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
  static let slot = "0000:3b:00.1"

  /// A kernel with a mediated serial device, as mtty's is seen in sysfs.
  static func serial(_ platform: EmulatedKernel.Platform = .init(), text: String = "hello") throws
    -> EmulatedKernel
  {
    let kernel = EmulatedKernel(platform)
    let folder = "/sys/devices/virtual/mtty/mtty/\(uuid)"
    kernel.links["/sys/bus/mdev/devices/\(uuid)"] = folder
    kernel.links["\(folder)/mdev_type"] =
      "/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2"
    add(
      try EmulatedDevice(DeviceURI(parsing: "emulated:mtty?ports=2&text=\(text)")), to: kernel,
      name: uuid, folder: folder, bus: "mdev", driver: "mtty")
    return kernel
  }

  /// A kernel with a PCI function behind an IOMMU.
  static func function(
    _ platform: EmulatedKernel.Platform = .init(), driver: String = "mlx5_vfio_pci",
    model: String = "synthetic?size=1MiB&precopy=512KiB&dirty=10%"
  ) throws -> EmulatedKernel {
    let kernel = EmulatedKernel(platform)
    let folder = "/sys/devices/pci0000:3a/\(slot)"
    kernel.links["/sys/bus/pci/devices/\(slot)"] = folder
    for (name, value) in [
      ("vendor", "0x15b3"), ("device", "0x101e"), ("class", "0x020000"), ("revision", "0x00"),
      ("subsystem_vendor", "0x15b3"), ("subsystem_device", "0x0021"),
    ] { kernel.texts["\(folder)/\(name)"] = value + "\n" }
    add(
      try EmulatedDevice(DeviceURI(parsing: "emulated:\(model)")), to: kernel, name: slot,
      folder: folder, bus: "pci", driver: driver)
    return kernel
  }

  private static func add(
    _ emulated: EmulatedDevice, to kernel: EmulatedKernel, name: String, folder: String,
    bus: String, driver: String
  ) {
    kernel.links["\(folder)/subsystem"] = "/sys/bus/\(bus)"
    kernel.links["\(folder)/driver"] = "/sys/bus/\(bus)/drivers/\(driver)"
    kernel.links["\(folder)/iommu_group"] = "/sys/kernel/iommu_groups/12"
    kernel.texts["\(folder)/vfio-dev/vfio0/dev"] = "511:0\n"
    kernel.links["/sys/class/vfio-dev/vfio0"] = "\(folder)/vfio-dev/vfio0"
    kernel.links["\(folder)/vfio-dev/vfio0/device"] = folder
    let device = EmulatedKernel.Device(emulated)
    kernel.devices["/dev/vfio/devices/vfio0"] = device
    kernel.groups["/dev/vfio/12"] = [name: device]
  }

  static func open(_ name: String, in kernel: any KernelInterface) throws -> KernelDevice {
    try KernelDevice.open(DeviceURI(parsing: name), in: kernel)
  }
}

extension EmulatedKernel {
  var device: Device? { devices.values.first }

  /// The names of the requests made, without what only looks for the device.
  var requests: [String] {
    calls.map(\.name).filter { $0.hasPrefix("VFIO_") || $0.hasPrefix("IOMMU_") }
  }
}
