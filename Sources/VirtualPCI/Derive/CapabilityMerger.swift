import PCIConfig

/// Finds the capabilities that every device has, and settles their registers.
struct CapabilityMerger {
  private(set) var capabilities: [ProfileCapability] = []
  /// The first device's offsets; nil if it has none to keep.
  private(set) var offsets: [Int?] = []
  var report: DerivationReport
  let hosts: [HostFunction]
  let options: DerivationOptions

  init(_ hosts: [HostFunction], _ options: DerivationOptions) {
    self.hosts = hosts
    self.options = options
    report = DerivationReport(profile: "", devices: hosts.map(\.label))
  }

  mutating func merge() {
    let pasid = pasidContent()
    var seen: Set<CapabilityID> = []
    for capability in hosts[0].capabilities.capabilities where seen.insert(capability.id).inserted {
      consider(capability.id, pasid)
    }
    // What the first device lacks cannot be common, but the report says so.
    for host in hosts.dropFirst() {
      for capability in host.capabilities.capabilities where seen.insert(capability.id).inserted {
        consider(capability.id, pasid)
      }
    }
    for (host, isNew) in hosts.map({ ($0, seen.insert(.pageRequest).inserted) }) where isNew {
      // A virtual function's page requests are its physical function's.
      if host.find(.pageRequest) != nil { consider(.pageRequest, pasid) }
    }
    if let pasid { add(CapabilityPolicy.pasid, pasid.content, at: pasid.offset) }
    if let serial = options.serialNumber {
      let values = [
        "low": UInt32(truncatingIfNeeded: serial), "high": UInt32(truncatingIfNeeded: serial >> 32),
      ]
      add(.deviceSerialNumber, CapabilityContent(version: 1, values: values), at: nil)
    }
    dropDependents()
  }

  mutating func add(_ policy: CapabilityPolicy, _ content: CapabilityContent, at offset: Int?) {
    capabilities.append(ProfileCapability(policy, at: .auto, content: content))
    offsets.append(offset)
  }

  private mutating func consider(
    _ id: CapabilityID, _ pasid: (content: CapabilityContent, offset: Int?)?
  ) {
    guard id != .pasid, id != .null, id != .extendedNull else { return }
    let policy = CapabilityPolicy.policy(for: id)
    let found = hosts.map { host in
      DerivationReport.Finding(
        device: host.label,
        value: host.find(id) != nil
          ? "present" : host.capabilities.first(id) != nil ? "not usable" : "absent")
    }
    let isKept = options.kept.contains {
      $0.split(separator: ":").first.map(String.init) == policy.key
    }
    if let reason = DropRule.reason(id), !isKept {
      if id == .deviceSerialNumber, options.serialNumber != nil { return }
      return report.add(
        .dropped, name(id), "", found: found.filter { $0.value != "absent" }, settled: "none",
        reason)
    }
    if policy.holdsBytes { return settleBytes(policy) }
    let each = hosts.map { $0.find(id) }
    guard !each.contains(where: { $0 == nil }) else {
      guard case .required = policy.presence else {
        return report.add(
          .dropped, policy.key, "", found: found, settled: "none",
          "only capabilities that every device has are kept")
      }
      return report.add(
        .dropped, policy.key, "", found: found, settled: "none",
        "a device without it cannot serve a guest that uses it")
    }
    let present = each.compactMap { $0 }
    let content = merge(policy, present, hasPASID: pasid != nil)
    let own = hosts[0].capabilities.first(id)
    add(policy, content, at: own?.offset)
  }

  /// The policy's name, or that of the specification if no policy describes it.
  private func name(_ id: CapabilityID) -> String {
    CapabilityPolicy.isKnown(id) ? CapabilityPolicy.policy(for: id).key : id.description
  }

  /// PASID by the operator's choice: the width asked for, or what every dump shows.
  private mutating func pasidContent() -> (content: CapabilityContent, offset: Int?)? {
    let found = hosts.map { $0.find(.pasid)?.value(at: 4, byteCount: 2) }
    let findings = zip(hosts, found).map { host, value in
      DerivationReport.Finding(
        device: host.label,
        value: value.map {
          "\($0.field(0x1f00)) bits\($0 & 2 != 0 ? ", execute" : "")\($0 & 4 != 0 ? ", privileged" : "")"
        }
          ?? "absent")
    }
    let shown = found.compactMap { $0 }
    let isCommon = shown.count == hosts.count
    let permissions = isCommon ? shown.reduce(UInt32(6), &) & 6 : 0
    let width: UInt32
    switch options.pasid {
    case .none:
      if !shown.isEmpty {
        report.add(
          .dropped, "pasid", "", found: findings, settled: "none", "the operator wants none")
      }
      return nil
    case .width(let wanted): width = UInt32(max(1, min(20, wanted)))
    case .auto:
      guard isCommon, let least = shown.map({ $0.field(0x1f00) }).min(), least > 0 else {
        if !shown.isEmpty {
          report.add(
            .dropped, "pasid", "", found: findings, settled: "none",
            "not every dump shows it; --pasid WIDTH synthesises it")
        }
        return nil
      }
      width = least
    }
    guard hosts.allSatisfy({ $0.find(.pciExpress) != nil }) else { return nil }
    let settled = "\(width) bits"
    if !isCommon {
      report.add(
        .synthesized, "pasid", "width", found: findings, settled: settled,
        "the operator's choice; check asks what iommufd reports on each host")
    } else if Set(shown.map { $0 & 0x1f06 }).count > 1
      || shown.contains(where: { $0.field(0x1f00) != width })
    {
      report.add(
        .lowered, "pasid", "width and permissions", found: findings, settled: settled,
        "the smallest width, and permissions that every device has")
    }
    let content = CapabilityContent(
      version: 1, values: ["capabilities": width << 8 | permissions], hasPASID: true)
    return (content, hosts[0].capabilities.first(.pasid)?.offset ?? 0xff8)
  }

  /// Without PCI Express there are no extended capabilities, and without ATS no page requests.
  private mutating func dropDependents() {
    func has(_ id: CapabilityID) -> Bool { capabilities.contains { $0.id == id } }
    var dropped: [(CapabilityID, String)] = []
    if !has(.pciExpress) {
      dropped += capabilities.filter(\.id.isExtended).map {
        ($0.id, "there is no PCI Express capability")
      }
    }
    if !has(.addressTranslationServices), has(.pageRequest) {
      dropped.append((.pageRequest, "page requests need ATS"))
    }
    for (id, reason) in dropped {
      guard let index = capabilities.firstIndex(where: { $0.id == id }) else { continue }
      let key = capabilities[index].policy.key
      capabilities.remove(at: index)
      offsets.remove(at: index)
      report.add(.dropped, key, "", found: [], settled: "none", reason)
    }
  }
}
