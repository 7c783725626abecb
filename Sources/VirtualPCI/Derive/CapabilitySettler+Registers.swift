import ByteIO
import PCIConfig

extension CapabilitySettler {
  /// One content that every device of `found` can carry, by the rules of the template.
  mutating func settle(
    _ template: CapabilityTemplate, _ found: [HostFunction.Found], hasPASID: Bool
  ) -> CapabilityContent {
    var content = CapabilityContent(version: template.defaultVersion, hasPASID: hasPASID)
    settleVersion(template, found, &content)
    if template.id == .pciExpress {
      let type = found[0].value(at: 2, byteCount: 2) & 0x00f0
      content.values["capabilities"] = type | UInt32(content.version)
    }
    // Later registers may depend on earlier ones, so each is looked up in the content so far.
    var index = 0
    while index < template.registers(content).count {
      let register = template.registers(content)[index]
      index += 1
      let values = found.map { $0.value(at: register.offset, byteCount: register.byteCount) }
      let settled = settle(register, values, template)
      if settled != register.reset { content.values[register.name] = settled }
    }
    return content
  }

  private mutating func settleVersion(
    _ template: CapabilityTemplate, _ found: [HostFunction.Found],
    _ content: inout CapabilityContent
  ) {
    guard template.id.isExtended || template.versionBits != nil else { return }
    let limits =
      template.id == .pciExpress ? 1...2 : template.id == .powerManagement ? 1...3 : 1...15
    let versions = found.map { $0.capability.version ?? template.defaultVersion }
    let least = versions.min() ?? template.defaultVersion
    content.version = min(max(least, limits.lowerBound), limits.upperBound)
    if Set(versions).count > 1 || versions.first != content.version {
      report.add(
        .lowered, template.key, "version",
        found: zip(hosts, versions).map { .init(device: $0.label, value: "\($1)") },
        settled: "\(content.version)", "the lowest that is a version")
    }
  }

  private mutating func settle(
    _ register: RegisterTemplate, _ values: [UInt32], _ template: CapabilityTemplate
  ) -> UInt32 {
    var settled = register.reset
    var others = register.mask
    for rule in register.rules {
      others &= ~rule.bits
      let bits = rule.settle(values, fallback: register.reset)
      settled = settled & ~rule.bits | bits
      note(rule, bits, values, template)
    }
    // Places of the MSI-X structures are settled with the BARs.
    // The version and type of PCI Express are settled before.
    let isType = template.id == .pciExpress && register.name == "capabilities"
    if !isType, template.id != .msix || register.name == "control" {
      let name = register.rules.isEmpty ? register.name : "\(register.name), other bits"
      let rest = BitRule(others, name, from: register.source)
      note(rest, register.reset & others, values, template)
    }
    return settled
  }

  /// Reports bits in which devices differ from each other or from the profile.
  private mutating func note(
    _ rule: BitRule, _ settled: UInt32, _ values: [UInt32], _ template: CapabilityTemplate
  ) {
    let bits = rule.bits
    guard bits != 0, values.contains(where: { $0 & bits != settled & bits }) else { return }
    let isFixed = rule.agreement == .fixed
    report.add(
      isFixed ? .normalized : .lowered, template.key, rule.name,
      found: zip(hosts, values).map {
        .init(device: $0.label, value: rule.text($1, of: template.id))
      }, settled: rule.text(settled, of: template.id),
      isFixed ? "the profile's own value (\(rule.source))" : Self.text(rule.agreement))
  }

  private static func text(_ agreement: Agreement) -> String {
    switch agreement {
    case .common, .commonShown: "only what every device has"
    case .least, .leastShown: "the smallest"
    case .first, .fixed: "the first device's"
    }
  }

  /// Capabilities of bytes: those of the first device that every other has with the same bytes.
  mutating func settleBytes(_ template: CapabilityTemplate) {
    let header = template.headerByteCount
    func bytes(_ host: HostFunction, _ capability: Capability) -> [UInt8] {
      let range = capability.offset + header..<capability.offset + max(header, capability.length)
      var bytes = host.space.bytes(range).map(Array.init) ?? []
      if template.id == .vendorSpecific, VirtioWindow.isVirtio(host), VirtioWindow.isWindow(bytes) {
        for index in 2..<bytes.count { bytes[index] = 0 }
      }
      return bytes
    }
    let firsts = hosts[0].capabilities.all(template.id)
    if firsts.isEmpty {
      report.add(
        .dropped, template.key, "", found: [.init(device: hosts[0].label, value: "absent")],
        settled: "none", "only capabilities that every device has are kept")
    }
    for capability in firsts where isKept(capability, template) {
      let wanted = bytes(hosts[0], capability)
      let lacking = hosts.dropFirst().filter { host in
        !host.capabilities.all(template.id).contains { bytes(host, $0) == wanted }
      }
      guard lacking.isEmpty, !wanted.isEmpty else {
        report.add(
          .dropped, template.key, "at 0x\(hex(capability.offset))",
          found: lacking.map { .init(device: $0.label, value: "no such bytes") }, settled: "none",
          "a vendor's capability is kept only if its bytes are the same on every device")
        continue
      }
      add(
        template,
        CapabilityContent(version: capability.version ?? template.defaultVersion, bytes: wanted),
        at: capability.offset)
    }
  }

  /// Whether the operator keeps this one: by kind alone, or by kind and id.
  private func isKept(_ capability: Capability, _ template: CapabilityTemplate) -> Bool {
    guard DropRule.reason(capability.id) != nil else { return true }
    var name = template.key
    if capability.id == .vendorSpecificExtended {
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 4) ?? 0, digits: 4)
    } else if capability.id == .designatedVendorSpecific {
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 4) ?? 0, digits: 4)
      name += ":" + hex(hosts[0].space.u16(at: capability.offset + 8) ?? 0, digits: 4)
    }
    return options.kept.contains(template.key) || options.kept.contains(name)
  }
}
