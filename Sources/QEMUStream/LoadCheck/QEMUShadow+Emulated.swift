import PCIConfig

/// The capabilities of the functions that QEMU emulates, with what a guest may change in them.
///
/// Follows QEMU 11's `hw/pci/pcie.c`, `pcie_aer.c`, `pcie_sriov.c`, `msi.c`, `msix.c`, `shpc.c`,
/// `slotid_cap.c`, `hw/pci-bridge` and `hw/virtio/virtio-pci.c`. If models differ in what they
/// let a guest write, the bits of all are taken: a bit that no guest can write is the same anyway.
extension QEMUShadow {
  mutating func addEmulated(_ list: CapabilityList) {
    if list.first(.pciExpress) != nil, bytes.count > 0x104 { set(\.wmask, 0x100..<0x104, 0) }
    for capability in list.capabilities {
      let range = capability.offset..<capability.offset + byteCount(of: capability)
      set(\.cmask, range, 0xff)
      set(\.wmask, range, 0)
      if capability.isExtended {
        addExtended(capability.id, at: capability.offset)
      } else {
        addStandard(capability.id, at: capability.offset)
      }
    }
  }

  /// The bytes that QEMU adds for a capability, some more than the function has registers.
  private func byteCount(of capability: Capability) -> Int {
    switch capability.id {
    case .powerManagement, .subsystemID, .hotPlug, .accessControlServices,
      .addressTranslationServices:
      8
    case .slotID: 4
    case .msix: 12
    case .msi: byteCountOfMSI(capability.offset)
    case .pciExpress: (capability.version ?? 2) < 2 ? 0x14 : 0x3c
    case .vendorSpecific: Int(space.u8(at: capability.offset + 2) ?? 0)
    case .advancedErrorReporting: 0x48
    default: capability.length
    }
  }

  private mutating func addStandard(_ id: CapabilityID, at start: Int) {
    switch id {
    case .powerManagement:
      // The state, PME's enable bit and the choice of data.
      set(\.wmask, at: start + 4, 0x1f03)
      set(\.w1cmask, at: start + 4, 0x8000)
    case .msi: writableMSI(start)
    case .msix: set(\.wmask, start + 3..<start + 4, 0xc0)
    case .pciExpress: addExpress(at: start)
    case .hotPlug:
      set(\.wmask, start + 2..<start + 3, 0xff)
      set(\.wmask, start + 4..<start + 8, 0xff)
    case .slotID: set(\.wmask, start + 3..<start + 4, 0xff)
    case .vendorSpecific where isVirtio && space.u8(at: start + 3) == 5:
      // The window to the BARs through configuration space.
      set(\.wmask, start + 4..<start + 5, 0xff)
      set(\.wmask, start + 8..<start + 20, 0xff)
    default: break
    }
  }

  private var isVirtio: Bool { space.vendorID == 0x1af4 }

  private mutating func addExpress(at start: Int) {
    let type = (space.u16(at: start + 2) ?? 0) >> 4 & 0xf
    let isEndpoint = type == 0 || type == 1 || type == 9
    // Error reporting, function-level reset, common clock and extended synch.
    set(\.wmask, at: start + 0x08, isEndpoint || type == 5 ? 0x800f : 0x000f)
    set(\.w1cmask, at: start + 0x0a, 0x000f)
    if isEndpoint { set(\.wmask, at: start + 0x10, 0x00c0) }
    set(\.cmask, at: start + 0x12, 0)
    let isVersion1 = (space.u16(at: start + 2) ?? 0) & 0xf < 2
    if !isVersion1 { set(\.wmask, at: start + 0x28, 0x8000) }
    guard type == 4 || type == 6 else { return }
    set(\.wmask, at: start + 0x18, 0x0ff9)
    set(\.w1cmask, at: start + 0x1a, 0x0019)
    // QEMU 8.1 and newer leave Presence Detect State alone (625b370c45).
    if conditions.isBefore(8, 1) == false { set(\.cmask, start + 0x1a..<start + 0x1b, 0xbf) }
    if type == 4 { set(\.wmask, at: start + 0x1c, 0x0007) }
    if !isVersion1 { set(\.wmask, at: start + 0x28, 0x8020) }
  }

  private mutating func addExtended(_ id: CapabilityID, at start: Int) {
    switch id {
    case .advancedErrorReporting:
      set(\.w1cmask, at: start + 0x04, 0x03ff_f030, byteCount: 4)
      // Of machines before 8.1 the mask of uncorrectable errors is read-only.
      if conditions.machine.map({ ($0.major, $0.minor) >= (8, 1) }) ?? true {
        set(\.wmask, at: start + 0x08, 0x03ff_f030, byteCount: 4)
      }
      set(\.wmask, at: start + 0x0c, 0x03ff_f030, byteCount: 4)
      set(\.w1cmask, at: start + 0x10, 0x0000_f1c1, byteCount: 4)
      set(\.wmask, at: start + 0x14, 0x0000_f1c1, byteCount: 4)
      set(\.wmask, at: start + 0x18, 0x0000_0540, byteCount: 4)
      guard space.headerType == 1 else { return }
      set(\.wmask, at: start + 0x2c, 0x0000_0007, byteCount: 4)
      set(\.w1cmask, at: start + 0x30, 0x0000_007f, byteCount: 4)
      set(\.cmask, at: start + 0x30, 0x07ff_ffff, byteCount: 4)
    case .accessControlServices: set(\.wmask, at: start + 6, 0x005f)
    case .addressTranslationServices: set(\.wmask, at: start + 6, 0x800f)
    case .pageRequest:
      set(\.wmask, at: start + 4, 0x0003)
      set(\.w1cmask, at: start + 6, 0x0003)
      set(\.wmask, start + 12..<start + 16, 0xff)
    case .pasid: set(\.wmask, at: start + 6, 0x0007)
    case .alternativeRoutingID: set(\.wmask, at: start + 6, 0x0073)
    case .singleRootIOV:
      set(\.wmask, at: start + 0x08, 0x0019)
      set(\.wmask, at: start + 0x10, 0xffff)
      set(\.wmask, at: start + 0x20, 0x0553, byteCount: 4)
      for index in 0..<6 where (space.u32(at: start + 0x24 + 4 * index) ?? 0) != 0 {
        set(\.wmask, at: start + 0x24 + 4 * index, 0xffff_fff0, byteCount: 4)
      }
    default: break
    }
  }
}
