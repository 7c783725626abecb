public import PCIConfig

/// A function of a host that a profile may be given to: its dump, and what must be known besides.
///
/// A virtual function shows ids of ffff:ffff and no BARs; its ids, its BARs, PASID and page
/// requests are in the SR-IOV capability and the other capabilities of its physical function (PCIe
/// 9.3.3, 9.3.4).
public struct HostFunction: Sendable {
  /// What reports call it: a slot or a file.
  public var label: String
  /// Where it sits, if the dump says.
  public let address: PCIAddress?
  /// The function's own bytes.
  public let space: ConfigSpace
  /// The dump of the physical function, for a virtual one.
  public let physicalFunction: ConfigSpace?
  /// Whether it is a virtual function, by its ids of ffff:ffff or its physical function.
  public let isVirtualFunction: Bool
  /// The real ids; nil for a virtual function of which nobody says them.
  public let vendorID: UInt16?
  /// The real device ID; nil as for `vendorID`.
  public let deviceID: UInt16?
  /// The capabilities of the function's own space.
  public let capabilities: CapabilityList
  /// Six entries; nil if there is none, or if a 64-bit one continues.
  public let bars: [HostBAR?]
  /// Whether the BARs are known: those of a virtual function are not without its physical function.
  public let areBARsKnown: Bool
  /// The capabilities that `space` leaves out though the function may have them.
  public let hiddenCapabilities: Set<CapabilityID>
  /// The known faults of the device, which everything below makes up for.
  public let quirks: [Quirk]
  let parentCapabilities: CapabilityList?

  /// Takes `space` as a virtual function if its ids are ffff:ffff, or if `physicalFunction` is
  /// given.
  ///
  /// - Parameters:
  ///   - space: the function's own bytes.
  ///   - label: what reports call it.
  ///   - address: where it sits, if the dump says.
  ///   - physicalFunction: what a virtual function's ids, BAR kinds, PASID and PRI are taken from.
  ///   - identity: the ids of a virtual function whose physical function is not at hand.
  ///   - barSizes: the sizes of BARs that somebody knows, by index.
  ///   - hiddenCapabilities: those that `space` leaves out though the function may have them.
  public init(
    _ space: ConfigSpace, label: String, address: PCIAddress? = nil,
    physicalFunction: ConfigSpace? = nil,
    identity: (vendor: UInt16, device: UInt16)? = nil, barSizes: [Int: UInt64] = [:],
    hiddenCapabilities: Set<CapabilityID> = []
  ) {
    self.label = label
    self.hiddenCapabilities = hiddenCapabilities
    self.address = address
    self.space = space
    isVirtualFunction =
      !space.isAllOnes && (physicalFunction != nil || space.u32(at: 0) == 0xffff_ffff)
    self.physicalFunction = isVirtualFunction ? physicalFunction : nil
    capabilities = space.capabilityList
    parentCapabilities = self.physicalFunction?.capabilityList
    let named = space.barsOfMSIX
    let ioVirtualization = parentCapabilities?.first(.singleRootIOV)
    if isVirtualFunction {
      let parent = self.physicalFunction
      vendorID = identity?.vendor ?? parent?.vendorID
      deviceID = identity?.device ?? ioVirtualization.flatMap { parent?.u16(at: $0.offset + 0x1a) }
      areBARsKnown =
        ioVirtualization.map { parent?.isKnown($0.offset + 0x24..<$0.offset + 0x3c) ?? false }
        ?? false
      bars =
        HostBARReader(
          parent ?? space, registers: ioVirtualization.map { $0.offset + 0x24 }, named: named,
          resizable: parentCapabilities?.first(.vfResizableBAR), sizes: barSizes
        ).bars
    } else {
      vendorID = space.isAllOnes ? nil : space.u16(at: 0x00)
      deviceID = space.isAllOnes ? nil : space.u16(at: 0x02)
      // Enhanced Allocation replaces the registers, which then read 0 (PCIe 7.8.5).
      areBARsKnown =
        !space.isAllOnes && space.headerType == 0 && space.isKnown(0x10..<0x28)
        && capabilities.first(.enhancedAllocation) == nil
      bars =
        HostBARReader(
          space, registers: areBARsKnown ? 0x10 : nil, named: named,
          resizable: capabilities.first(.resizableBAR),
          sizes: barSizes
        ).bars
    }
    let (vendor, device, revision) = (vendorID, deviceID, space.revisionID)
    quirks = Quirk.all.filter {
      $0.applies(vendor: vendor, device: device, revision: revision)
    }
  }

  /// Where the registers of the BARs are missing in a dump; nil if they are there, or if the
  /// function has none of its own and its physical function is not at hand.
  var gapOfBARs: String? {
    guard !areBARsKnown, !space.isAllOnes else { return nil }
    if isVirtualFunction {
      let isNamed = parentCapabilities?.first(.singleRootIOV) != nil
      return isNamed ? "not in the dump of the physical function" : nil
    }
    return space.headerType == 0 && capabilities.first(.enhancedAllocation) == nil
      ? "not in the dump" : nil
  }

  /// The capability number `instance` with this id; of PASID and PRI, which virtual functions
  /// share, the physical function's.
  public func find(_ id: CapabilityID, instance: Int = 0) -> LocatedCapability? {
    guard !quirks.contains(where: { $0.correction == .hide(id) }) else { return nil }
    let own = capabilities.all(id)
    if own.indices.contains(instance) {
      return LocatedCapability(capability: own[instance], space: space, quirks: quirks)
    }
    guard id == .pasid || id == .pageRequest, let physicalFunction, let parentCapabilities,
      let shared = parentCapabilities.first(id)
    else { return nil }
    return LocatedCapability(capability: shared, space: physicalFunction, quirks: quirks)
  }

  /// Why it is not known whether the function has the capability; nil if it is there, or if all of
  /// its list was seen.
  ///
  /// PASID and PRI of a virtual function are its physical function's.
  public func gap(_ id: CapabilityID, instance: Int = 0) -> ConfigSpaceFinding? {
    guard find(id, instance: instance) == nil,
      !quirks.contains(where: { $0.correction == .hide(id) })
    else { return nil }
    if hiddenCapabilities.contains(id) {
      return ConfigSpaceFinding(
        .hiddenCapability, at: 0x100, "the kernel hides this capability from VFIO's users")
    }
    let isShared = (id == .pasid || id == .pageRequest) && parentCapabilities != nil
    let list = isShared ? parentCapabilities ?? capabilities : capabilities
    if case .unknown(let reason) = list.presence(of: id, instance: instance) { return reason }
    return nil
  }

  /// Where the device has the register; nil if it has none.
  public func offset(of counterpart: ProfileRegister.Counterpart) -> Int? {
    let offset: Int
    switch counterpart {
    case .header(let place), .absolute(let place): offset = place
    case .capability(let id, let instance, let distance):
      // A virtual function has no register of its own if its physical function's is shared.
      let own = capabilities.all(id)
      guard own.indices.contains(instance), distance < own[instance].length else { return nil }
      offset = own[instance].offset + distance
    }
    return (0..<space.byteCount).contains(offset) ? offset : nil
  }

  /// The MSI-X registers: control, table and PBA.
  public var msix: (control: UInt32, table: UInt32, pba: UInt32)? {
    find(.msix).map {
      ($0.value(at: 2, byteCount: 2), $0.value(at: 4, byteCount: 4), $0.value(at: 8, byteCount: 4))
    }
  }

  /// Whether the dump shows all that the device has: 4096 bytes, none left out; of a virtual
  /// function whose physical one is known, that one's too.
  public var isComplete: Bool {
    [space, physicalFunction ?? space].allSatisfy {
      $0.byteCount == 4096 && $0.unknownRanges.isEmpty
    }
  }
}

/// A capability of the function, and the space that it lies in.
public struct LocatedCapability: Sendable {
  /// The capability, with its place in `space`.
  public let capability: Capability
  /// The function's own space, or that of its physical function.
  public let space: ConfigSpace
  fileprivate let quirks: [Quirk]

  /// A register of the capability, known faults corrected; nil if the dump does not have it.
  public func load(at offset: Int, byteCount: Int) -> UInt32? {
    guard let loaded = space.load(capability.offset + offset, byteCount: byteCount) else {
      return nil
    }
    var value = UInt32(truncatingIfNeeded: loaded)
    for quirk in quirks {
      switch quirk.correction {
      case .clear(capability.id, offset, let bits): value &= ~bits
      case .wrongPendingBits(let wrong, let right)
      where capability.id == .msix && offset == 8 && value & ~7 == wrong:
        value = value & 7 | right
      default: break
      }
    }
    return value
  }

  /// As ``load(at:byteCount:)``, 0 if the dump does not have it.
  public func value(at offset: Int, byteCount: Int) -> UInt32 {
    load(at: offset, byteCount: byteCount) ?? 0
  }
}

extension HostFunction {
  /// The functions of several dumps, each under a name of its own: the same slot of two machines
  /// gets its dump's name too.
  public static func namedApart(
    _ dumps: [(name: String, functions: [HostFunction])]
  ) -> [HostFunction] {
    let counts = Dictionary(
      dumps.flatMap { $0.functions.map { ($0.label, 1) } }, uniquingKeysWith: +)
    return dumps.flatMap { dump in
      dump.functions.map { function in
        guard counts[function.label, default: 0] > 1, function.label != dump.name else {
          return function
        }
        var named = function
        named.label = "\(dump.name) \(function.label)"
        return named
      }
    }
  }
}
