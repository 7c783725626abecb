import ByteIO
import PCIConfig

/// The structural requirements on a profile, apart from the places of its capabilities.
struct ProfileRules {
  private(set) var problems: [ProfileProblem] = []

  init(_ profile: Profile) {
    bars(profile)
    capabilities(profile)
    dependencies(profile)
    msix(profile)
    if profile.isVirtualFunction, profile.interruptPin != 0 {
      report("expected interrupt pin 0, found \(profile.interruptPin)", nil, .interruptPin)
    }
  }

  private mutating func report(
    _ message: String, _ capability: ProfileCapability?, _ rule: ProfileRule
  ) {
    problems.append(ProfileProblem(message, at: capability?.mark, breaks: rule))
  }

  private mutating func bars(_ profile: Profile) {
    var taken: Set<Int> = []
    for bar in profile.bars {
      func report(_ message: String) {
        problems.append(
          ProfileProblem("BAR \(bar.index): \(message)", at: bar.mark, breaks: .barShape))
      }
      guard (0...5).contains(bar.index) else {
        report("expected an index from 0 to 5")
        continue
      }
      if bar.kind == .mem64, bar.index == 5 { report("a 64-bit BAR needs the next one too") }
      for index in bar.index...(bar.kind == .mem64 ? bar.index + 1 : bar.index)
      where !taken.insert(index).inserted {
        report("BAR \(index) is taken already")
      }
      let limits: ClosedRange<UInt64> =
        switch bar.kind {
        case .io: 4...256
        case .mem32: 16...(1 << 31)
        case .mem64: 16...(1 << 63)
        }
      if bar.size & (bar.size &- 1) != 0 || !limits.contains(bar.size) {
        report(
          "expected a power of two from \(limits.lowerBound) to \(limits.upperBound), found "
            + "\(bar.size)")
      }
      if bar.kind == .io, bar.isPrefetchable { report("I/O is not prefetchable") }
    }
    if let size = profile.romSize, size & (size &- 1) != 0 || !(2048...(16 << 20)).contains(size) {
      report("rom: expected a power of two from 2 KiB to 16 MiB, found \(size)", nil, .barShape)
    }
  }

  /// Ids that may appear more than once (PCI 3.0, 6.7; PCIe 7.9.5, 7.9.6).
  static func mayRepeat(_ id: CapabilityID) -> Bool {
    [.vendorSpecific, .vendorSpecificExtended, .designatedVendorSpecific, .dataObjectExchange]
      .contains(id) || !CapabilityPolicy.isKnown(id)
  }

  private mutating func capabilities(_ profile: Profile) {
    var seen: Set<CapabilityID> = []
    for capability in profile.capabilities {
      let policy = capability.policy
      if !seen.insert(capability.id).inserted, !Self.mayRepeat(capability.id) {
        report("\(policy.key): expected one, found another", capability, .once)
      }
      let version = capability.content.version
      let versions: ClosedRange<Int>
      switch capability.id {
      case .powerManagement: versions = 1...3
      case .pciExpress: versions = 1...2
      default: versions = 1...15
      }
      if capability.id.isExtended || policy.versionBits != nil, !versions.contains(version) {
        report(
          "\(policy.key): expected a version from \(versions.lowerBound) to "
            + "\(versions.upperBound), found \(version)", capability, .version)
      }
      if policy.holdsBytes { vendorLength(capability) }
    }
  }

  private mutating func vendorLength(_ capability: ProfileCapability) {
    let bytes = capability.content.bytes
    let declared: Int?
    switch capability.id {
    case .vendorSpecific: declared = bytes.first.map { Int($0) } ?? 0
    case .vendorSpecificExtended, .designatedVendorSpecific:
      declared = bytes.count >= 4 ? Int(bytes[2]) >> 4 | Int(bytes[3]) << 4 : 0
    default: declared = nil
    }
    if let declared, declared != capability.byteCount {
      report(
        "\(capability.policy.key): the bytes say a length of \(declared), found "
          + "\(capability.byteCount) with the header", capability, .vendorLength)
    }
  }

  private mutating func dependencies(_ profile: Profile) {
    if !profile.isExpress {
      for capability in profile.capabilities where capability.id.isExtended {
        report(
          "\(capability.policy.key): there is no PCI Express capability", capability,
          capability.id == .pasid ? .pasidNeedsExpress : .extendedNeedsExpress)
      }
    }
    if let pageRequest = profile.first(.pageRequest),
      profile.first(.addressTranslationServices) == nil
    {
      report("pri: there is no ATS capability", pageRequest, .pageRequestNeedsATS)
    }
    if profile.first(.pasid) != nil, let express = profile.first(.pciExpress),
      let value = express.content.values["device-capabilities-2"], value & 0x0020_0000 == 0,
      (express.content.values["capabilities"] ?? 0).field(0xf0) != 9
    {
      report(
        "express: device-capabilities-2 has no end-to-end TLP prefixes (bit 21), which PASID needs",
        express, .pasidPrefix)
    }
    if profile.first(.pasid) != nil, let express = profile.first(.pciExpress),
      express.content.version < 2
    {
      report(
        "express: PASID needs version 2, which has device-capabilities-2", express, .pasidPrefix)
    }
  }

  private mutating func msix(_ profile: Profile) {
    guard let msix = profile.first(.msix) else { return }
    let vectors = UInt64((msix.content.values["control"] ?? 0) & 0x7ff) + 1
    let places = [
      ("table", vectors * 16), ("pba", (vectors + 63) / 64 * 8),
    ]
    var ranges: [(bar: Int, range: Range<UInt64>)] = []
    for (name, size) in places {
      let value = msix.content.values[name] ?? 0
      let index = Int(value & 7)
      let start = UInt64(value & ~7)
      guard let bar = profile.bars.first(where: { $0.index == index }), bar.kind != .io else {
        report("msix: the \(name) lies in BAR \(index), which is no memory BAR", msix, .msixTable)
        continue
      }
      if start + size > bar.size {
        report(
          "msix: the \(name) of \(size) bytes at 0x\(hex(start)) ends behind BAR \(index) of "
            + "0x\(hex(bar.size)) bytes", msix, .msixTable)
      }
      ranges.append((index, start..<start + size))
    }
    if ranges.count == 2, ranges[0].bar == ranges[1].bar, ranges[0].range.overlaps(ranges[1].range)
    {
      report("msix: the table and the PBA overlap", msix, .msixTable)
    }
  }
}
