/// The registers of a type 0 header for a profile (PCI 3.0, 6.1; PCIe 7.5.1).
struct HeaderLayout {
  let profile: Profile
  /// Where the first standard capability lies; 0 for none.
  let firstCapability: Int

  private static let identifier = Citation.vfio(
    "init_pci_cap_basic_perm: ids are virtual; here they are the profile's")
  private static let command = Citation.vfio(
    "vfio_basic_config_write: a guest's enables reach the device")
  private static let unused = Citation.pcie("7.5.1: not used by PCI Express functions")

  func registers() -> [PlacedRegister] {
    let identity = profile.identity
    var registers = [
      fixed("vendor id", 0x00, 2, UInt32(identity.vendor), Self.identifier),
      fixed("device id", 0x02, 2, UInt32(identity.device), Self.identifier),
      commandRegister, statusRegister,
      fixed("revision id", 0x08, 1, UInt32(identity.revision), Self.identifier),
      fixed("programming interface", 0x09, 1, identity.classCode & 0xff, Self.identifier),
      fixed("subclass", 0x0a, 1, identity.classCode >> 8 & 0xff, Self.identifier),
      fixed("base class", 0x0b, 1, identity.classCode >> 16 & 0xff, Self.identifier),
      register(
        "cache line size", 0x0c, 1, 0,
        [
          part(
            0xff, "cache line size", .emulated,
            from: .vfio("init_pci_cap_basic_perm: writable without effect"))
        ], from: Self.unused),
      fixed("latency timer", 0x0d, 1, 0, Self.unused),
      fixed(
        "header type", 0x0e, 1, profile.isMultiFunction ? 0x80 : 0,
        .qemu("hw/vfio/pci.c: the multi-function bit is the VMM's")),
      fixed("BIST", 0x0f, 1, 0, Self.unused),
    ]
    registers += baseAddressRegisters
    registers += [
      fixed("CardBus CIS pointer", 0x28, 4, 0, Self.unused),
      fixed("subsystem vendor id", 0x2c, 2, UInt32(identity.subsystemVendor), Self.identifier),
      fixed("subsystem id", 0x2e, 2, UInt32(identity.subsystemDevice), Self.identifier),
      romRegister,
      fixed(
        "capabilities pointer", 0x34, 1, UInt32(firstCapability),
        .vfio("init_pci_cap_basic_perm: virtual, so that the chain can be the profile's"),
        isFixed: true),
      fixed("reserved", 0x35, 1, 0, Self.unused), fixed("reserved", 0x36, 2, 0, Self.unused),
      fixed("reserved", 0x38, 4, 0, Self.unused),
      register(
        "interrupt line", 0x3c, 1, 0,
        [
          part(
            0xff, "interrupt line", .emulated,
            from: .vfio("init_pci_cap_basic_perm: virtual, for software's own use"))
        ], from: .pci("6.2.4")),
      fixed(
        "interrupt pin", 0x3d, 1, UInt32(profile.interruptPin),
        .vfio("init_pci_cap_basic_perm: virtual; 0 in virtual functions")),
      fixed("minimum grant and maximum latency", 0x3e, 2, 0, Self.unused),
    ]
    return registers
  }

  private var commandRegister: PlacedRegister {
    let io = profile.bars.contains { $0.kind == .io }
    let memory = profile.romSize != nil || profile.bars.contains { $0.kind != .io }
    var parts: [PlacedBits] = []
    if io {
      parts.append(
        part(0x0001, "I/O space enable", .forwarded, .command, at: 4, from: Self.command))
    }
    if memory {
      parts.append(
        profile.isVirtualFunction
          ? part(
            0x0002, "memory space enable", .emulated, .command,
            from: .pcie("9.3.4.1.3: a virtual function has none; the VMM's, as in the kernel"))
          : part(0x0002, "memory space enable", .forwarded, .command, at: 4, from: Self.command))
    }
    parts.append(part(0x0004, "bus master enable", .forwarded, .command, at: 4, from: Self.command))
    parts.append(
      part(
        0x0140, "parity error response and SERR enable", .emulated,
        from: .qemu("hw/pci/pci.c, pci_init_wmask: kept for the guest; errors are the host's")))
    if profile.interruptPin != 0 {
      parts.append(
        part(
          0x0400, "INTx disable", .emulated, .command,
          from: .vfio("vfio_basic_config_write: virtual, the kernel masks the interrupt")))
    }
    return register("command", 0x04, 2, 0, parts, from: .pcie("7.5.1.1.3"))
  }

  private var statusRegister: PlacedRegister {
    var parts = [
      part(
        0xf900, "errors", .clearable,
        from: .vfio("init_pci_cap_basic_perm: a guest cannot clear the device's, so they stay 0"))
    ]
    if profile.interruptPin != 0 {
      parts.append(
        part(
          0x0008, "interrupt status", .deviceReadOnly, at: 6,
          from: .vfio("init_pci_cap_basic_perm: read from the device")))
    }
    return register(
      "status", 0x06, 2, firstCapability == 0 ? 0 : 0x10, parts,
      from: .vfio("init_pci_cap_basic_perm: the capability list bit is virtual"))
  }

  private var baseAddressRegisters: [PlacedRegister] {
    var masks = [UInt32](repeating: 0, count: 6)
    var values = masks
    for bar in profile.bars where (0..<6).contains(bar.index) && bar.size != 0 {
      let mask = ~(bar.size &- 1)
      values[bar.index] = bar.typeBits
      masks[bar.index] = UInt32(truncatingIfNeeded: mask) & ~bar.kind.typeMask
      if bar.kind == .mem64, bar.index < 5 {
        masks[bar.index + 1] = UInt32(truncatingIfNeeded: mask >> 32)
      }
    }
    let source = Citation.vfio(
      "init_pci_cap_basic_perm: virtual; reads back the size after a write of ones")
    return (0..<6).map { index in
      register(
        "BAR \(index)", 0x10 + 4 * index, 4, values[index],
        masks[index] == 0
          ? [] : [part(masks[index], "address", .emulated, .baseAddress, from: source)],
        isFixed: true, from: source)
    }
  }

  private var romRegister: PlacedRegister {
    let source = Citation.qemu(
      "hw/vfio/pci.c: whether there is an option ROM is the VMM's choice")
    guard let size = profile.romSize else {
      return fixed("expansion ROM", 0x30, 4, 0, source, isFixed: true)
    }
    let mask = UInt32(truncatingIfNeeded: ~(size &- 1)) & 0xffff_f800 | 1
    return register(
      "expansion ROM", 0x30, 4, 0,
      [part(mask, "address and enable", .emulated, .baseAddress, from: source)],
      isFixed: true, from: source)
  }

  private func fixed(
    _ name: String, _ offset: Int, _ count: Int, _ value: UInt32, _ source: Citation,
    isFixed: Bool = false
  ) -> PlacedRegister {
    register(name, offset, count, value, [], isFixed: isFixed, from: source)
  }

  private func register(
    _ name: String, _ offset: Int, _ count: Int, _ reset: UInt32, _ parts: [PlacedBits],
    isFixed: Bool = false, from source: Citation
  ) -> PlacedRegister {
    PlacedRegister(
      offset: offset, byteCount: count, name: name, owner: .header, reset: reset, parts: parts,
      hardwareClear: offset == 0x06 ? 0xf900 : 0, isFixed: isFixed, source: source)
  }

  private func part(
    _ bits: UInt32, _ name: String, _ access: BitAccess, _ effect: ConfigWriteEffects = [],
    at offset: Int? = nil, from source: Citation
  ) -> PlacedBits {
    PlacedBits(
      bits: bits, name: name, access: access, mergeRule: .fixed, consequence: "", effect: effect,
      counterpart: offset.map { .header($0) }, required: nil, settlesAtReset: true, source: source)
  }
}
