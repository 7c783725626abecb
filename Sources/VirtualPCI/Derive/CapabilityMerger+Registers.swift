import ByteIO
import PCIConfig

extension CapabilityMerger {
  /// One content that every device of `found` can carry, by the rules of the policy.
  mutating func merge(
    _ policy: CapabilityPolicy, _ found: [LocatedCapability], hasPASID: Bool
  ) -> CapabilityContent {
    var content = CapabilityContent(version: policy.defaultVersion, hasPASID: hasPASID)
    settleVersion(policy, found, &content)
    if policy.id == .pciExpress {
      let type = found[0].value(at: 2, byteCount: 2) & 0x00f0
      content.values["capabilities"] = type | UInt32(content.version)
    }
    // Later registers may depend on earlier ones, so each is looked up in the content so far.
    var index = 0
    while index < policy.registers(content).count {
      var register = policy.registers(content)[index]
      index += 1
      let values = found.map { $0.value(at: register.offset, byteCount: register.byteCount) }
      let reset = register.reset
      if hasPASID, policy.id == .pciExpress, register.name == "device-capabilities-2" {
        let isIntegrated = found[0].value(at: 2, byteCount: 2).field(0xf0) == 9
        register.reset = Self.prefixes(values, isIntegrated: isIntegrated) ?? reset
      }
      let settled = merge(register, values, policy)
      if settled != reset { content.values[register.name] = settled }
    }
    return content
  }

  /// What devices have of Extended Fmt and TLP prefixes; nil if the profile's own value holds.
  ///
  /// PASID needs a prefix (PCIe 7.5.3.15), except in an endpoint that is integrated in the root
  /// complex and reaches the IOMMU in another way.
  private static func prefixes(_ values: [UInt32], isIntegrated: Bool) -> UInt32? {
    let common = values.reduce(0x00f0_0000, &)
    guard common & 0x0020_0000 != 0 else { return isIntegrated ? common & 0x0010_0000 : nil }
    // A number of 0 stands for 4.
    let least = values.map { ($0.field(0x00c0_0000) + 3) % 4 + 1 }.min() ?? 1
    return common & 0x0030_0000 | (least % 4).placed(in: 0x00c0_0000)
  }

  private mutating func settleVersion(
    _ policy: CapabilityPolicy, _ found: [LocatedCapability],
    _ content: inout CapabilityContent
  ) {
    guard policy.id.isExtended || policy.versionBits != nil else { return }
    let limits =
      policy.id == .pciExpress ? 1...2 : policy.id == .powerManagement ? 1...3 : 1...15
    let versions = found.map { $0.capability.version ?? policy.defaultVersion }
    let least = versions.min() ?? policy.defaultVersion
    content.version = min(max(least, limits.lowerBound), limits.upperBound)
    if Set(versions).count > 1 || versions.first != content.version {
      report.add(
        .lowered, policy.key, "version",
        found: zip(hosts, versions).map { .init(device: $0.label, value: "\($1)") },
        settled: "\(content.version)", "the lowest that is a version")
    }
  }

  private mutating func merge(
    _ register: RegisterPolicy, _ values: [UInt32], _ policy: CapabilityPolicy
  ) -> UInt32 {
    var settled = register.reset
    var others = register.mask
    for rule in register.rules {
      others &= ~rule.bits
      let bits = rule.merge(values, fallback: register.reset)
      settled = settled & ~rule.bits | bits
      reportDifference(rule, bits, values, policy)
    }
    // Places of the MSI-X structures are settled with the BARs.
    // The version and type of PCI Express are settled before.
    let isType = policy.id == .pciExpress && register.name == "capabilities"
    if !isType, policy.id != .msix || register.name == "control" {
      let name = register.rules.isEmpty ? register.name : "\(register.name), other bits"
      let rest = BitRule(others, name, from: register.source)
      reportDifference(rest, register.reset & others, values, policy)
    }
    return settled
  }

  /// Reports bits in which devices differ from each other or from the profile.
  private mutating func reportDifference(
    _ rule: BitRule, _ settled: UInt32, _ values: [UInt32], _ policy: CapabilityPolicy
  ) {
    let bits = rule.bits
    guard bits != 0, values.contains(where: { $0 & bits != settled & bits }) else { return }
    let isFixed = rule.mergeRule == .fixed
    report.add(
      isFixed ? .normalized : .lowered, policy.key, rule.name,
      found: zip(hosts, values).map {
        .init(device: $0.label, value: rule.text($1, of: policy.id))
      }, settled: rule.text(settled, of: policy.id),
      isFixed ? "the profile's own value (\(rule.source))" : Self.text(rule.mergeRule))
  }

  private static func text(_ mergeRule: MergeRule) -> String {
    switch mergeRule {
    case .common, .commonShown: "only what every device has"
    case .least, .leastShown: "the smallest"
    case .first, .fixed: "the first device's"
    }
  }

  /// Capabilities of bytes: those of the first device that every other has with the same bytes.
  mutating func settleBytes(_ policy: CapabilityPolicy) {
    let header = policy.headerByteCount
    func bytes(_ host: HostFunction, _ capability: Capability) -> [UInt8] {
      let range = capability.offset + header..<capability.offset + max(header, capability.length)
      var bytes = host.space.bytes(range).map(Array.init) ?? []
      if policy.id == .vendorSpecific, VirtioWindow.isVirtio(host), VirtioWindow.isWindow(bytes) {
        for index in 2..<bytes.count { bytes[index] = 0 }
      }
      return bytes
    }
    let firsts = hosts[0].capabilities.all(policy.id)
    if firsts.isEmpty {
      report.add(
        .dropped, policy.key, "", found: [.init(device: hosts[0].label, value: "absent")],
        settled: "none", "only capabilities that every device has are kept")
    }
    for capability in firsts where isKept(capability, policy) {
      let wanted = bytes(hosts[0], capability)
      let lacking = hosts.dropFirst().filter { host in
        !host.capabilities.all(policy.id).contains { bytes(host, $0) == wanted }
      }
      guard lacking.isEmpty, !wanted.isEmpty else {
        report.add(
          .dropped, policy.key, "at 0x\(hex(capability.offset))",
          found: lacking.map { .init(device: $0.label, value: "no such bytes") }, settled: "none",
          "a vendor's capability is kept only if its bytes are the same on every device")
        continue
      }
      add(
        policy,
        CapabilityContent(version: capability.version ?? policy.defaultVersion, bytes: wanted),
        at: capability.offset)
    }
  }

  /// Whether the operator keeps this one: by kind alone, or by kind and id.
  private func isKept(_ capability: Capability, _ policy: CapabilityPolicy) -> Bool {
    guard DropRule.reason(capability.id) != nil else { return true }
    var name = policy.key
    if capability.id == .vendorSpecificExtended {
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 4) ?? 0, digits: 4)
    } else if capability.id == .designatedVendorSpecific {
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 4) ?? 0, digits: 4)
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 8) ?? 0, digits: 4)
    }
    return options.kept.contains(policy.key) || options.kept.contains(name)
  }
}
