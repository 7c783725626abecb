import PCIConfig

/// A device's configuration space as QEMU keeps it, with the masks of its load check.
///
/// Follows QEMU 11's `hw/pci/pci.c` (`pci_init_cmask`, `pci_init_wmask`, `pci_init_w1cmask`,
/// `pci_init_mask_bridge`, `pci_register_bar`, `pci_add_capability`).
struct QEMUShadow {
  var bytes: [UInt8]
  /// The bits that are compared.
  var cmask: [UInt8]
  /// The bits that a guest writes, which are not compared.
  var wmask: [UInt8]
  /// The bits that a guest clears, which are not compared.
  var w1cmask: [UInt8]
  /// Whether the space is taken as a device's own, from which capabilities have to be hidden.
  let wasPhysical: Bool
  let conditions: QEMULoadConditions
  let space: ConfigSpace

  /// - Parameter barSizes: of this side.
  init(
    _ space: ConfigSpace, _ list: CapabilityList, isPhysical: Bool, as function: QEMUFunction,
    _ conditions: QEMULoadConditions, barSizes: [Int: UInt64]
  ) {
    let zeros = [UInt8](repeating: 0, count: space.byteCount)
    bytes = space.bytes
    cmask = zeros
    wmask = zeros
    w1cmask = zeros
    wasPhysical = isPhysical
    self.conditions = conditions
    self.space = space
    header(barSizes)
    switch function {
    case .assigned: addAssigned(list)
    case .emulated: addEmulated(list)
    }
  }

  /// Sets every byte of `range` that the space has.
  mutating func set(
    _ plane: WritableKeyPath<Self, [UInt8]>, _ range: Range<Int>, _ value: UInt8
  ) {
    for index in range where index < bytes.count { self[keyPath: plane][index] = value }
  }

  /// Sets a register of `byteCount` bytes, as far as the space has them.
  mutating func set(
    _ plane: WritableKeyPath<Self, [UInt8]>, at offset: Int, _ value: UInt32, byteCount: Int = 2
  ) {
    for index in 0..<byteCount {
      set(
        plane, offset + index..<offset + index + 1,
        UInt8(truncatingIfNeeded: value >> UInt32(8 * index)))
    }
  }

  /// Whether a byte has bits that are compared.
  func isCompared(_ index: Int) -> Bool {
    cmask[index] & ~wmask[index] & ~w1cmask[index] != 0
  }

  // MARK: Header

  private mutating func header(_ barSizes: [Int: UInt64]) {
    for range in [0..<4, 8..<9, 9..<12, 0x0e..<0x0f, 0x34..<0x35] { set(\.cmask, range, 0xff) }
    set(\.cmask, 6..<7, 0x10)
    set(\.wmask, at: 4, 0x0507)
    set(\.wmask, 0x0c..<0x0d, 0xff)
    set(\.wmask, 0x3c..<0x3d, 0xff)
    set(\.wmask, 0x40..<bytes.count, 0xff)
    set(\.w1cmask, 7..<8, 0xf9)
    // Whether a function is one of several is QEMU's choice, not the device's.
    if wasPhysical { bytes[0x0e] &= 0x7f }
    let isBridge = space.headerType == 1
    if isBridge { bridge() }
    registerBARs(count: isBridge ? 2 : 6, barSizes)
    registerROM(at: isBridge ? 0x38 : 0x30)
  }

  private mutating func bridge() {
    set(\.wmask, 0x18..<0x1c, 0xff)
    set(\.wmask, at: 0x1c, 0xf0f0)
    for offset in [0x20, 0x22, 0x24, 0x26] { set(\.wmask, at: offset, 0xfff0) }
    set(\.wmask, 0x28..<0x30, 0xff)
    set(\.wmask, at: 0x3e, 0x0bff)
    set(\.w1cmask, at: 0x3e, 0x0400)
    // The widths of the windows.
    set(\.cmask, at: 0x1c, 0x0f0f)
    for offset in [0x24, 0x26] { set(\.cmask, at: offset, 0x000f) }
  }

  private mutating func registerBARs(count: Int, _ sizes: [Int: UInt64]) {
    guard bytes.count >= 0x34 else { return }
    var index = 0
    while index < count {
      let start = 0x10 + 4 * index
      let type = bytes[start]
      let isWide = type & 0x7 == 0x4 && index < count - 1
      let range = start..<start + (isWide ? 8 : 4)
      if sizes[index] != nil || bytes[range].contains(where: { $0 != 0 }) {
        let typeMask: UInt8 = type & 1 != 0 ? 0x3 : 0xf
        set(\.cmask, range, 0xff)
        let address = sizes[index].map { ~($0 &- 1) } ?? ~UInt64(typeMask)
        for (place, byte) in range.enumerated() {
          wmask[byte] = UInt8(truncatingIfNeeded: address >> UInt64(8 * place))
          bytes[byte] = place == 0 ? bytes[byte] & typeMask : 0
        }
      }
      index += isWide ? 2 : 1
    }
  }

  /// Of an expansion ROM no size is known, so that any address passes.
  private mutating func registerROM(at offset: Int) {
    guard bytes.count >= offset + 4, bytes[offset..<offset + 4].contains(where: { $0 != 0 }) else {
      return
    }
    set(\.cmask, offset..<offset + 4, 0xff)
    set(\.wmask, offset..<offset + 4, 0xff)
    set(\.bytes, offset..<offset + 4, 0)
  }

  // MARK: Capabilities

  /// `hw/pci/msi.c`, `msi_init`: enable, queue size, address, data and mask are the guest's.
  mutating func writableMSI(_ start: Int) {
    guard start + 3 < bytes.count else { return }
    let is64Bit = bytes[start + 2] & 0x80 != 0
    let data = start + (is64Bit ? 12 : 8)
    set(\.wmask, start + 2..<start + 3, 0x71)
    set(\.wmask, at: start + 4, 0xffff_fffc, byteCount: 4)
    if is64Bit { set(\.wmask, start + 8..<start + 12, 0xff) }
    set(\.wmask, data..<data + 2, 0xff)
    guard bytes[start + 3] & 1 != 0 else { return }
    let vectors = 1 << min(Int(bytes[start + 2] >> 1 & 7), 5)
    let mask = vectors == 32 ? UInt32.max : (1 << UInt32(vectors)) - 1
    set(\.wmask, at: data + 4, mask, byteCount: 4)
  }

  /// The bytes of an MSI capability, which its control register tells.
  func byteCountOfMSI(_ start: Int) -> Int {
    let control = space.u16(at: start + 2) ?? 0
    return 10 + (control & 0x80 != 0 ? 4 : 0) + (control & 0x100 != 0 ? 10 : 0)
  }
}
