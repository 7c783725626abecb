public import MigrationStream

/// A driver that offers devices to VFIO, and for which devices it knows how to migrate them.
public struct VariantDriver: Sendable, Hashable {
  /// Its name in sysfs. `-` and `_` are alike: the kernel's own drivers do not agree on one.
  public let name: String
  /// The vendor of the functions in its table.
  public let vendorID: UInt16
  /// The device ids in its table; empty if no short list says them.
  public let deviceIDs: [UInt16]

  /// Those that can migrate, by the ids in their tables (drivers/vfio/pci of Linux 6.12 to 7.1;
  /// igb_vfio_pci is not in it).
  public static let known: [VariantDriver] = [
    VariantDriver(name: "mlx5_vfio_pci", vendorID: 0x15b3, deviceIDs: [0x101e]),
    VariantDriver(
      name: "hisi_acc_vfio_pci", vendorID: 0x19e5, deviceIDs: [0xa251, 0xa256, 0xa259]),
    VariantDriver(name: "virtio_vfio_pci", vendorID: 0x1af4, deviceIDs: [0x1041, 0x1042]),
    VariantDriver(
      name: "qat_vfio_pci", vendorID: 0x8086, deviceIDs: [0x4941, 0x4943, 0x4945, 0x4949]),
    VariantDriver(name: "pds_vfio_pci", vendorID: 0x1dd8, deviceIDs: [0x1003]),
    // Its table is that of the graphics driver; which functions those are, no short list says.
    VariantDriver(name: "xe_vfio_pci", vendorID: 0x8086, deviceIDs: []),
    VariantDriver(name: "igb_vfio_pci", vendorID: 0x8086, deviceIDs: [0x10ca]),
  ]

  /// The one for a function with these ids.
  public static func driver(for pci: DeviceIdentity.PCIIdentity) -> VariantDriver? {
    known.first { $0.vendorID == pci.vendorID && $0.deviceIDs.contains(pci.deviceID) }
  }

  /// The one with this name.
  public static func driver(named name: String) -> VariantDriver? {
    known.first { $0.name == DeviceIdentity.moduleName(ofDriver: name) }
  }

  /// Whether a PCI driver is one of VFIO's, for kernels on which sysfs does not tell.
  static func isVFIO(_ name: String) -> Bool {
    DeviceIdentity.moduleName(ofDriver: name).hasSuffix("vfio_pci")
  }
}
