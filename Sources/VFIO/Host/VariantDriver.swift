public import MigrationStream

/// A driver that offers devices to VFIO, and for which devices it knows how to migrate them.
public struct VariantDriver: Sendable, Hashable {
  /// Its name in sysfs. `-` and `_` are alike: the kernel's own drivers do not agree on one.
  public let name: String
  /// The vendor of the functions in its table.
  public let vendorID: UInt16
  /// The device ids in its table.
  public let deviceIDs: [UInt16]

  /// Those that can migrate, by the ids in their tables (drivers/vfio/pci of Linux 6.12 to 7.2;
  /// igb_vfio_pci is not in it). All of them migrate virtual functions only.
  public static let known: [VariantDriver] = [
    VariantDriver(name: "mlx5_vfio_pci", vendorID: 0x15b3, deviceIDs: [0x101e]),
    VariantDriver(
      name: "hisi_acc_vfio_pci", vendorID: 0x19e5, deviceIDs: [0xa251, 0xa256, 0xa259]),
    VariantDriver(name: "virtio_vfio_pci", vendorID: 0x1af4, deviceIDs: [0x1041, 0x1042]),
    VariantDriver(
      name: "qat_vfio_pci", vendorID: 0x8086,
      deviceIDs: [0x4941, 0x4943, 0x4945, 0x4947, 0x4949]),
    VariantDriver(name: "pds_vfio_pci", vendorID: 0x1dd8, deviceIDs: [0x1003]),
    // INTEL_PTL_IDS, INTEL_WCL_IDS and INTEL_BMG_IDS of include/drm/intel/pciids.h, of Linux 7.2.
    VariantDriver(
      name: "xe-vfio-pci", vendorID: 0x8086,
      deviceIDs: [
        0xb080, 0xb081, 0xb082, 0xb083, 0xb084, 0xb085, 0xb086, 0xb087, 0xb08f, 0xb090, 0xb0a0,
        0xb0b0, 0xfd80, 0xfd81, 0xe202, 0xe209, 0xe20b, 0xe20c, 0xe20d, 0xe210, 0xe211, 0xe212,
        0xe216, 0xe220, 0xe221, 0xe222, 0xe223,
      ]),
    VariantDriver(name: "igb_vfio_pci", vendorID: 0x8086, deviceIDs: [0x10ca]),
  ]

  /// The one for a function with these ids.
  public static func driver(for pci: DeviceIdentity.PCIIdentity) -> VariantDriver? {
    known.first { $0.vendorID == pci.vendorID && $0.deviceIDs.contains(pci.deviceID) }
  }

  /// The one with this name.
  public static func driver(named name: String) -> VariantDriver? {
    known.first { DeviceIdentity.isSameDriver($0.name, name) }
  }

  /// Whether a PCI driver is one of VFIO's, for kernels on which sysfs does not tell.
  static func isVFIO(_ name: String) -> Bool {
    DeviceIdentity.moduleName(ofDriver: name).hasSuffix("vfio_pci")
  }
}
