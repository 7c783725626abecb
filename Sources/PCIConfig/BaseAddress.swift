/// What a base address register holds (PCIe 7.5.1.2.1); its size is in no dump, since only writing
/// to it shows that.
public struct BaseAddress: Sendable, Hashable {
  /// The address space that a BAR asks for, and the width of its address.
  public enum Kind: String, Sendable, Hashable {
    /// I/O ports, memory below 4 GiB, and memory by two registers for 64 bits.
    case io, mem32, mem64
    /// Memory below 1 MiB, of PCI 2.1.
    case mem1M
  }

  /// Which register: 0 to 5, the lower one of a pair.
  public let index: Int
  /// The kind that the low bits of the register name.
  public let kind: Kind
  /// Whether reads have no side effects (bit 3 of a memory BAR).
  public let isPrefetchable: Bool
  /// The programmed address, without the low bits that name the kind.
  public let address: UInt64
}

extension ConfigSpace {
  /// The base address registers that are not zero. An unprogrammed 32-bit one reads as zero, just
  /// like an absent one.
  public var baseAddresses: [BaseAddress] {
    let count =
      switch headerType {
      case 0: 6
      case 1: 2
      default: 0
      }
    return Self.baseAddresses(count) { u32(at: 0x10 &+ 4 &* $0) ?? 0 }
  }

  /// The same for the registers that SR-IOV keeps for virtual functions.
  public func virtualFunctionBaseAddresses(of capability: Capability) -> [BaseAddress] {
    Self.baseAddresses(6) { u32(at: capability.offset &+ 0x24 &+ 4 &* $0) ?? 0 }
  }

  private static func baseAddresses(_ count: Int, _ register: (Int) -> UInt32) -> [BaseAddress] {
    var found: [BaseAddress] = []
    var index = 0
    while index < count {
      let low = register(index)
      let isPair = low & 0x7 == 0x4 && index &+ 1 < count
      let high = isPair ? register(index &+ 1) : 0
      if low != 0 || high != 0 {
        let kind: BaseAddress.Kind =
          low & 1 != 0 ? .io : isPair ? .mem64 : low & 0x6 == 0x2 ? .mem1M : .mem32
        found.append(
          BaseAddress(
            index: index, kind: kind, isPrefetchable: kind != .io && low & 0x8 != 0,
            address: UInt64(high) << 32 | UInt64(low & (kind == .io ? ~0x3 : ~0xf))))
      }
      index &+= isPair ? 2 : 1
    }
    return found
  }
}
