import PCIConfig

/// A device's configuration space as QEMU keeps it for `vfio-pci`, with the masks of its load
/// check.
///
/// Follows QEMU 11's `hw/vfio/pci.c` (`vfio_pci_config_setup`, `vfio_add_std_cap`,
/// `vfio_add_ext_cap`) and `hw/pci/pci.c` (`pci_init_cmask`, `pci_init_wmask`,
/// `pci_init_w1cmask`, `pci_add_capability`).
struct QEMUShadow {
  private(set) var bytes: [UInt8]
  /// The bits that are compared.
  private(set) var cmask: [UInt8]
  /// The bits that a guest writes, which are not compared.
  private(set) var wmask: [UInt8]
  /// The bits that a guest clears, which are not compared.
  private(set) var w1cmask: [UInt8]
  /// Whether the space is taken as a device's own, from which capabilities have to be hidden.
  let wasPhysical: Bool
  private let skipsVendorBytes: Bool

  init(_ space: ConfigSpace, _ list: CapabilityList, isPhysical: Bool, skipsVendorBytes: Bool) {
    let zeros = [UInt8](repeating: 0, count: space.byteCount)
    bytes = space.bytes
    cmask = zeros
    wmask = zeros
    w1cmask = zeros
    wasPhysical = isPhysical
    self.skipsVendorBytes = skipsVendorBytes
    header()
    addCapabilities(list)
  }

  private mutating func set(
    _ plane: WritableKeyPath<Self, [UInt8]>, _ range: Range<Int>, _ value: UInt8
  ) {
    for index in range where index < bytes.count { self[keyPath: plane][index] = value }
  }

  private mutating func header() {
    for range in [0..<4, 8..<9, 9..<12, 0x0e..<0x0f, 0x34..<0x35] { set(\.cmask, range, 0xff) }
    set(\.cmask, 6..<7, 0x10)
    set(\.wmask, 4..<5, 0x07)
    set(\.wmask, 5..<6, 0x05)
    set(\.wmask, 0x0c..<0x0d, 0xff)
    set(\.wmask, 0x3c..<0x3d, 0xff)
    set(\.wmask, 0x40..<bytes.count, 0xff)
    set(\.w1cmask, 7..<8, 0xf9)
    // Whether a function is one of several is QEMU's choice, not the device's.
    if wasPhysical { bytes[0x0e] &= 0x7f }
    guard bytes.count >= 0x34 else { return }
    var index = 0
    while index < 6 {
      let start = 0x10 + 4 * index
      let type = bytes[start]
      let isWide = type & 0x7 == 0x4 && index < 5
      let count = isWide ? 8 : 4
      if bytes[start..<start + count].contains(where: { $0 != 0 }) {
        let typeMask: UInt8 = type & 1 != 0 ? 0x3 : 0xf
        set(\.cmask, start..<start + count, 0xff)
        set(\.wmask, start..<start + count, 0xff)
        wmask[start] = ~typeMask
        for byte in start + 1..<start + count { bytes[byte] = 0 }
        bytes[start] &= typeMask
      }
      index += isWide ? 2 : 1
    }
  }

  private func isVisible(_ id: CapabilityID) -> Bool {
    !wasPhysical || (QEMUVisibility.isShownByKernel(id) && QEMUVisibility.isShownByQEMU(id))
  }

  private mutating func addCapabilities(_ list: CapabilityList) {
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
    var count = size
    switch capability.id {
    case .powerManagement: count = min(size, 8)
    case .msix: count = min(size, 12)
    case .msi:
      let control =
        start + 3 < bytes.count ? UInt16(bytes[start + 2]) | UInt16(bytes[start + 3]) << 8 : 0
      count = min(size, 10 + (control & 0x80 != 0 ? 4 : 0) + (control & 0x100 != 0 ? 10 : 0))
    default: break
    }
    set(\.cmask, start..<start + count, 0xff)
    set(\.wmask, start..<start + count, 0)
    switch capability.id {
    case .powerManagement: set(\.wmask, start + 4..<start + 5, 0x03)
    case .msix: set(\.wmask, start + 3..<start + 4, 0xc0)
    case .msi: writableMSI(start)
    case .vendorSpecific where skipsVendorBytes:
      set(\.cmask, start + 3..<max(start + 3, start + count), 0)
    default: break
    }
  }

  /// `hw/pci/msi.c`, `msi_init`: enable, queue size, address, data and mask are the guest's.
  private mutating func writableMSI(_ start: Int) {
    guard start + 3 < bytes.count else { return }
    let is64Bit = bytes[start + 2] & 0x80 != 0
    let data = start + (is64Bit ? 12 : 8)
    set(\.wmask, start + 2..<start + 3, 0x71)
    set(\.wmask, start + 4..<start + 5, 0xfc)
    set(\.wmask, start + 5..<start + 8, 0xff)
    if is64Bit { set(\.wmask, start + 8..<start + 12, 0xff) }
    set(\.wmask, data..<data + 2, 0xff)
    guard bytes[start + 3] & 1 != 0 else { return }
    let vectors = 1 << min(Int(bytes[start + 2] >> 1 & 7), 5)
    let mask = vectors == 32 ? UInt32.max : (1 << UInt32(vectors)) - 1
    for index in 0..<4 {
      set(
        \.wmask, data + 4 + index..<data + 5 + index,
        UInt8(truncatingIfNeeded: mask >> UInt32(8 * index)))
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
