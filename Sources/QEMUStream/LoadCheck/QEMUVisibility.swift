import PCIConfig

/// Which capabilities of a device reach a guest of QEMU.
enum QEMUVisibility {
  /// Ids whose length Linux's VFIO does not know, so that it unlinks them (`vfio_pci_config.c`, `pci_cap_length` and
  /// `pci_ext_cap_length`; ids beyond both tables are unlinked too).
  private static let standard: Set<UInt16> = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x11, 0x12, 0x13,
  ]
  private static let extended: Set<UInt16> = [
    0x01, 0x02, 0x03, 0x04, 0x08, 0x09, 0x0b, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13, 0x15, 0x16,
    0x17, 0x18, 0x23,
  ]

  /// Whether the kernel shows the capability to QEMU.
  static func isShownByKernel(_ id: CapabilityID) -> Bool {
    (id.isExtended ? extended : standard).contains(id.rawValue)
  }

  /// Whether QEMU shows it to the guest; PASID is its own (`hw/vfio/pci.c`, `vfio_add_ext_cap`).
  static func isShownByQEMU(_ id: CapabilityID) -> Bool {
    ![.singleRootIOV, .alternativeRoutingID, .extendedNull].contains(id)
  }

  /// Whether the space has capabilities that no guest of QEMU sees, so that it is the device's own.
  static func isPhysical(_ list: CapabilityList) -> Bool {
    list.capabilities.contains {
      !(isShownByKernel($0.id) && isShownByQEMU($0.id)) && $0.id != .pasid && $0.id != .extendedNull
    }
  }
}
