import ByteIO
import PCIConfig

/// Makes a profile that every one of some devices can carry.
///
/// What all have is kept at the first device's offsets, with every field at what the least of them
/// supports; what one lacks is dropped, and so is what `DropRule` names. Nothing is decided
/// silently: the report has every difference.
public struct ProfileDerivation: Sendable {
  /// The profile that every device can carry.
  public private(set) var profile: Profile
  /// Every difference between the devices and its settlement.
  public private(set) var report: DerivationReport
  /// The profile, laid out.
  public private(set) var layout: ProfileLayout

  /// Derives from `hosts`, of which the first counts if there is a choice.
  public init(
    from hosts: [HostFunction], options: DerivationOptions = DerivationOptions()
  ) throws(DerivationError) {
    try Self.require(hosts)
    var merger = CapabilityMerger(hosts, options)
    merger.merge()
    var bars = BARMerger(hosts, options, merger.report)
    bars.merge()
    var profile = Profile(
      name: options.name ?? Self.name(hosts[0]), isVirtualFunction: hosts[0].isVirtualFunction,
      identity: Self.identity(hosts[0], options))
    profile.bars = bars.bars
    report = bars.report
    report.profile = profile.name
    profile.capabilities = merger.capabilities
    var offsets = merger.offsets
    Self.placeMSIX(&profile, &offsets, hosts, &report)
    Self.settleHeader(&profile, hosts, options, &report)
    try Self.place(&profile, offsets, &report)
    VirtioWindow.passThrough(&profile, hosts)
    do throws(ProfileError) {
      layout = try ProfileLayout(profile)
    } catch {
      throw DerivationError(error.problems.map(\.description))
    }
    self.profile = profile
    try verify(hosts, options)
  }

  /// What must be known before anything can be compared.
  private static func require(_ hosts: [HostFunction]) throws(DerivationError) {
    guard let first = hosts.first else { throw DerivationError(["expected at least one device"]) }
    var reasons: [String] = []
    for host in hosts {
      func report(_ text: String) { reasons.append("\(host.label): \(text)") }
      if host.space.isAllOnes {
        report("every byte is ff: the function does not answer")
      } else if !host.space.isKnown(0..<0x40) {
        report("the dump lacks bytes of the header; \(wayOut(for: host))")
      } else if host.space.u16(at: 0) == 0 {
        report("vendor 0000, which no function has")
      } else if host.space.headerType != 0 {
        report("expected a type 0 header, an endpoint's")
      } else if host.vendorID == nil || host.deviceID == nil {
        report(
          "a virtual function, whose ids are ffff:ffff: give its physical function's dump with --pf, "
            + "or --identity VVVV:DDDD")
      } else if host.isVirtualFunction != first.isVirtualFunction {
        report(
          "expected \(first.isVirtualFunction ? "a virtual" : "a physical") function as the first")
      }
      for stop in stops(of: host) {
        report("\(stop); \(stop.isGap ? wayOut(for: host) : "the function does not answer there")")
      }
      if let express = host.find(.pciExpress) {
        let type = express.value(at: 2, byteCount: 2).field(0xf0)
        if ![0, 1, 9].contains(type) { report("PCI Express type \(type) is no endpoint's") }
      }
    }
    guard reasons.isEmpty else { throw DerivationError(reasons) }
  }

  /// What the device's dumps lack of its capability lists, or of a capability: a profile made from
  /// them would promise less than the device has, and nobody would know.
  private static func stops(of host: HostFunction) -> [ConfigSpaceFinding] {
    guard !host.space.isAllOnes, host.space.headerType == 0 else { return [] }
    let lists = [host.capabilities, host.parentCapabilities].compactMap { $0 }
    return lists.flatMap(\.findings).filter { $0.isGap || $0.code == .onesInsteadOfCapability }
  }

  private static func wayOut(for host: HostFunction) -> String {
    "take the whole space with `\(ConfigSpaceDump.wholeSpaceCommand(for: host.address))` as root"
  }

  private static func name(_ host: HostFunction) -> String {
    "vpci-\(hex(host.vendorID ?? 0, digits: 4))-\(hex(host.deviceID ?? 0, digits: 4))"
  }

  private static func identity(
    _ host: HostFunction, _ options: DerivationOptions
  ) -> ProfileIdentity {
    ProfileIdentity(
      vendor: options.ids?.vendor ?? host.vendorID ?? 0,
      device: options.ids?.device ?? host.deviceID ?? 0,
      subsystemVendor: options.subsystem?.vendor ?? host.space.subsystem?.vendor ?? 0,
      subsystemDevice: options.subsystem?.device ?? host.space.subsystem?.device ?? 0,
      classCode: host.space.classCode, revision: host.space.revisionID)
  }

  private static func warnOfOtherVendors(
    _ identity: ProfileIdentity, _ hosts: [HostFunction], _ report: inout DerivationReport
  ) {
    let others = hosts.filter { $0.vendorID != identity.vendor }
    guard !others.isEmpty else { return }
    let found = others.map { "\($0.label): \(idPair($0.vendorID ?? 0, $0.deviceID ?? 0))" }
    report.warnings.append(
      "header: ids: \(idPair(identity.vendor, identity.device)) (\(found.joined(separator: "; "))); "
        + ProfileCheck.otherVendor)
  }

  /// What is wrong with the lists of a device, and of the physical one that it shares some with.
  private static func warnOfFindings(_ host: HostFunction, _ report: inout DerivationReport) {
    for finding in host.capabilities.findings {
      let isEnd = host.capabilities.stops.contains(finding)
      let text = "\(finding)" + (isEnd ? "; capabilities behind this place are left out" : "")
      report.add(.broken, "device", host.label, found: [], settled: "", text)
      let way =
        "; `\(ConfigSpaceDump.wholeSpaceCommand(for: host.address))` as root prints the whole space"
      report.warnings.append("\(host.label): \(text)" + (isEnd ? way : ""))
    }
    for finding in host.parentCapabilities?.findings ?? [] {
      let text = "its physical function: \(finding)"
      report.add(.broken, "device", host.label, found: [], settled: "", text)
      report.warnings.append("\(host.label): \(text)")
    }
  }

  private static func settleHeader(
    _ profile: inout Profile, _ hosts: [HostFunction], _ options: DerivationOptions,
    _ report: inout DerivationReport
  ) {
    let rule = "the first device's, unless the operator gives others"
    func compare(_ field: String, _ settled: String, _ value: (HostFunction) -> String) {
      let values = hosts.map(value)
      guard Set(values).count > 1 || values.first != settled else { return }
      report.add(
        .normalized, "header", field,
        found: zip(hosts, values).map { .init(device: $0.label, value: $1) }, settled: settled, rule
      )
    }
    let identity = profile.identity
    compare("ids", idPair(identity.vendor, identity.device)) {
      idPair($0.vendorID ?? 0, $0.deviceID ?? 0)
    }
    warnOfOtherVendors(identity, hosts, &report)
    compare("subsystem", idPair(identity.subsystemVendor, identity.subsystemDevice)) {
      idPair($0.space.subsystem?.vendor ?? 0, $0.space.subsystem?.device ?? 0)
    }
    compare("class", hex(identity.classCode, digits: 6)) { hex($0.space.classCode, digits: 6) }
    compare("revision", hex(identity.revision, digits: 2)) { hex($0.space.revisionID, digits: 2) }
    let pins = hosts.map { $0.isVirtualFunction ? 0 : $0.space.u8(at: 0x3d) ?? 0 }
    profile.interruptPin = pins.contains(0) || !(1...4).contains(pins[0]) ? 0 : pins[0]
    if Set(pins).count > 1 {
      report.add(
        .lowered, "header", "interrupt pin",
        found: zip(hosts, pins).map { .init(device: $0.label, value: "\($1)") },
        settled: "\(profile.interruptPin)", "a pin only if every device has one, then the first's")
    }
    let roms = hosts.filter { ($0.space.u32(at: 0x30) ?? 0) != 0 && !$0.isVirtualFunction }
    if !roms.isEmpty {
      report.add(
        .dropped, "bars", "expansion ROM",
        found: roms.map { .init(device: $0.label, value: "present") }, settled: "none",
        "its size is in no dump, and a VMM brings its own; add `rom: SIZE` to keep one")
    }
    for host in hosts {
      warnOfFindings(host, &report)
      for quirk in host.quirks {
        report.add(
          .quirk, "device", host.label, found: [], settled: "", "\(quirk.reason) (\(quirk.source))")
      }
    }
  }

  /// The profile as YAML, with what it was made from in front.
  public var text: String {
    var comments = ["Derived by `ferry pci derive` from:"]
    comments += report.devices.map { "  \($0)" }
    let assumed = profile.bars.filter(\.isAssumed).map { "BAR \($0.index)" }
    if !assumed.isEmpty {
      comments.append(
        "Assumed, because no dump says it: the size of \(assumed.joined(separator: ", ")).")
    }
    return profile.yaml(comments: comments)
  }

  /// Every device must pass the check, on an IOMMU that has what was asked for.
  private func verify(
    _ hosts: [HostFunction], _ options: DerivationOptions
  ) throws(DerivationError) {
    var iommu: IOMMUFacts?
    if let pasid = layout.first(.pasid) {
      let value = pasid.value("capabilities")
      iommu = IOMMUFacts(
        pasidWidth: Int(value.field(0x1f00)), allowsExecute: value & 2 != 0,
        allowsPrivileged: value & 4 != 0)
    }
    var reasons: [String] = []
    for host in hosts {
      reasons += layout.check(host, iommu: iommu).objections.map { "\(host.label): \($0)" }
    }
    guard reasons.isEmpty else { throw DerivationError(reasons) }
  }
}
