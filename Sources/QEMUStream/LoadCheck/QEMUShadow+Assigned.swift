import PCIConfig

/// What `vfio-pci` makes of a device's capabilities (QEMU `hw/vfio/pci.c`,
/// `vfio_pci_config_setup`, `vfio_add_std_cap`, `vfio_add_ext_cap`).
extension QEMUShadow {
  mutating func addAssigned(_ list: CapabilityList) {
    let standard = list.capabilities.filter { !$0.isExtended && isVisible($0.id) }
    let extended = list.capabilities.filter { $0.isExtended && isVisible($0.id) }
    if wasPhysical { link(standard, extended) }
    for capability in standard {
      let end = standard.map(\.offset).filter { $0 > capability.offset }.min() ?? 0x100
      addStandard(capability, size: min(end, bytes.count) - capability.offset)
    }
    // Sizes are bounded by the kernel's chain, with the capabilities that QEMU drops.
    let starts = list.capabilities.filter {
      $0.isExtended && (!wasPhysical || QEMUVisibility.isShownByKernel($0.id))
    }.map(\.offset)
    if bytes.count > 0x104 { set(\.wmask, 0x100..<0x104, 0) }
    for capability in extended {
      let end = starts.filter { $0 > capability.offset }.min() ?? bytes.count
      let isPASID = capability.id == .pasid
      let range = capability.offset..<(isPASID ? capability.offset + 8 : end)
      set(\.cmask, range, 0xff)
      set(\.wmask, range, 0)
      if isPASID { set(\.wmask, capability.offset + 6..<capability.offset + 7, 0x7) }
    }
  }

  private func isVisible(_ id: CapabilityID) -> Bool {
    !wasPhysical || (QEMUVisibility.isShownByKernel(id) && QEMUVisibility.isShownByQEMU(id))
  }

  /// Rewrites the chains without the hidden capabilities.
  private mutating func link(_ standard: [Capability], _ extended: [Capability]) {
    if bytes.count > 0x34 {
      bytes[0x34] = UInt8(truncatingIfNeeded: standard.first?.offset ?? 0)
      bytes[6] = standard.isEmpty ? bytes[6] & ~0x10 : bytes[6] | 0x10
    }
    for (index, capability) in standard.enumerated() {
      let next = index + 1 < standard.count ? standard[index + 1].offset : 0
      bytes[capability.offset + 1] = UInt8(truncatingIfNeeded: next)
    }
    guard bytes.count >= 0x104 else { return }
    var previous = 0x100
    if extended.first?.offset != 0x100 {
      for index in 0x100..<0x104 { bytes[index] = 0 }
    }
    for capability in extended {
      setNext(of: previous, to: capability.offset)
      previous = capability.offset
    }
    if !extended.isEmpty { setNext(of: previous, to: 0) }
  }

  private mutating func setNext(of offset: Int, to next: Int) {
    guard offset != next, offset + 4 <= bytes.count else { return }
    bytes[offset + 2] = bytes[offset + 2] & 0x0f | UInt8(truncatingIfNeeded: (next & 0xf) << 4)
    bytes[offset + 3] = UInt8(truncatingIfNeeded: next >> 4)
  }

  private mutating func addStandard(_ capability: Capability, size: Int) {
    let start = capability.offset
    // Before 10.0, Power Management was taken over as a whole.
    let hasOwnPower = capability.id == .powerManagement && conditions.isBefore(10, 0) != true
    var count = size
    switch capability.id {
    case .powerManagement where hasOwnPower: count = min(size, 8)
    case .msix: count = min(size, 12)
    case .msi: count = min(size, byteCountOfMSI(start))
    default: break
    }
    set(\.cmask, start..<start + count, 0xff)
    set(\.wmask, start..<start + count, 0)
    switch capability.id {
    case .powerManagement where hasOwnPower: set(\.wmask, start + 4..<start + 5, 0x03)
    case .msix: set(\.wmask, start + 3..<start + 4, 0xc0)
    case .msi: writableMSI(start)
    case .vendorSpecific where conditions.skipsVendorBytes:
      set(\.cmask, start + 3..<max(start + 3, start + count), 0)
    default: break
    }
  }
}

/// Which capabilities of a device reach a guest of QEMU.
enum QEMUVisibility {
  // Linux's VFIO unlinks the ids whose length it does not know (`vfio_pci_config.c`,
  // `pci_cap_length` and `pci_ext_cap_length`).
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

  /// Whether the space is a device's own: it has capabilities that no guest of QEMU sees.
  static func isPhysical(_ list: CapabilityList) -> Bool {
    list.capabilities.contains {
      !(isShownByKernel($0.id) && isShownByQEMU($0.id)) && $0.id != .pasid && $0.id != .extendedNull
    }
  }
}
