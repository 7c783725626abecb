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

  /// Checks that the function may have the BARs with these indices, of which somebody says
  /// something.
  ///
  /// A BAR of 32 bits that has no address reads as zero: where none has one, and where a capability
  /// names the BAR, it may be there.
  ///
  /// - Parameters:
  ///   - indices: the BARs that are spoken of.
  ///   - known: those of which something beside the space tells.
  ///   - parent: the physical function of a virtual one.
  /// - Throws: `PCIConfigError` with code `noBAR`, which lists the BARs that are there.
  public func requireBARs(
    _ indices: some Sequence<Int>, besides known: some Sequence<Int>,
    ofVirtualFunctionOf parent: ConfigSpace? = nil
  ) throws(PCIConfigError) {
    var (count, start) = (headerType == 1 ? 2 : 6, 0x10)
    var (space, found) = (self, baseAddresses)
    if let parent {
      guard let capability = parent.capabilityList.first(.singleRootIOV) else { return }
      (count, start) = (6, capability.offset &+ 0x24)
      (space, found) = (parent, parent.virtualFunctionBaseAddresses(of: capability))
    }
    // Enhanced Allocation takes the place of the registers (PCIe 7.8.5).
    guard let type = headerType, type <= 1, capabilityList.first(.enhancedAllocation) == nil else {
      return
    }
    let there = Set(found.map(\.index)).union(known).union(barsOfMSIX)
    for index in indices where !there.contains(index) {
      let mayBeUnassigned = found.isEmpty && index < count
      let isKnown = space.isKnown(start..<start &+ 4 &* min(index &+ 1, count))
      guard !mayBeUnassigned, isKnown else { continue }
      let list = there.sorted().map { "BAR \($0)" }.joined(separator: ", ")
      throw PCIConfigError(
        .noBAR,
        "expected \(there.isEmpty ? "no BAR, for there is none" : "a BAR that is there (\(list))"), "
          + "found BAR \(index)")
    }
  }

  /// The BARs that hold MSI-X structures, and so exist (PCIe 7.7.2).
  public var barsOfMSIX: Set<Int> {
    guard let msix = capabilityList.first(.msix) else { return [] }
    return Set([4, 8].compactMap { u8(at: msix.offset &+ $0).map { Int($0 & 7) } })
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
