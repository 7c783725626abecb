import ByteIO
import PCIConfig

/// Compares a laid-out profile with a device: every reason, not the first.
struct ProfileCheck {
  let layout: ProfileLayout
  let host: HostFunction
  let iommu: IOMMUFacts?
  var report: CheckReport

  init(_ layout: ProfileLayout, _ host: HostFunction, _ iommu: IOMMUFacts?) {
    self.layout = layout
    self.host = host
    self.iommu = iommu
    let lacksBytes =
      host.capabilities.findings.contains(where: \.isGap) || !host.space.unknownRanges.isEmpty
    report = CheckReport(
      profile: layout.profile.name, device: host.label,
      wholeSpaceCommand: lacksBytes ? ConfigSpaceDump.wholeSpaceCommand(for: host.address) : nil)
  }

  mutating func run() {
    guard !host.space.isAllOnes else {
      return refuse("header", "device", "a device", "all ff", "the function does not answer")
    }
    guard let type = host.space.headerType else {
      return leaveOpen(
        "header", "header type", "0, an endpoint", "not in the dump",
        "a bridge cannot be given to a guest")
    }
    guard type == 0 else {
      return refuse(
        "header", "header type", "0, an endpoint", "type \(type)",
        "a bridge cannot be given to a guest")
    }
    for finding in host.capabilities.findings {
      warn(
        "header", "capability list", finding.isGap ? "the whole list" : "a sound list",
        finding.description,
        host.capabilities.stops.contains(finding)
          ? "capabilities behind this place are not seen"
          : "what the device says of its capabilities contradicts itself")
    }
    for finding in host.parentCapabilities?.findings ?? [] {
      warn(
        "header", "capability list of the physical function", "a sound list", finding.description,
        "some of its capabilities are the virtual function's too")
    }
    checkHeader()
    checkBARs()
    for capability in layout.capabilities {
      if capability.id == .pasid { checkPASID(capability) } else { check(capability) }
    }
    checkRegisters()
  }

  mutating func refuse(
    _ capability: String, _ field: String, _ wanted: String, _ found: String, _ why: String
  ) {
    report.reasons.append(
      .init(capability: capability, field: field, wanted: wanted, found: found, why: why))
  }

  /// Notes what the dump lacks, though the answer depends on it.
  mutating func leaveOpen(
    _ capability: String, _ field: String, _ wanted: String, _ found: String, _ why: String
  ) {
    report.unknowns.append(
      .init(capability: capability, field: field, wanted: wanted, found: found, why: why))
  }

  mutating func warn(
    _ capability: String, _ field: String, _ wanted: String, _ found: String, _ why: String
  ) {
    report.warnings.append(
      .init(capability: capability, field: field, wanted: wanted, found: found, why: why))
  }

  mutating func remark(
    _ capability: String, _ field: String, _ wanted: String, _ found: String, _ why: String
  ) {
    report.notes.append(
      .init(capability: capability, field: field, wanted: wanted, found: found, why: why))
  }

  /// What it means that a guest is shown one vendor's ids over another's device.
  static let otherVendor =
    "these are another vendor's ids: a guest chooses its driver and its workarounds by them, and the "
    + "state of one vendor's device does not load into another's"

  private mutating func checkHeader() {
    let profile = layout.profile
    let (wanted, found) = (profile.identity.classCode, host.space.classCode)
    if !host.space.isKnown(0x09..<0x0c) {
      leaveOpen(
        "header", "class", "0x\(hex(wanted, digits: 6))", "not in the dump",
        "a guest chooses its driver by it")
    } else if wanted >> 16 != found >> 16 {
      refuse(
        "header", "class", "0x\(hex(wanted, digits: 6))", "0x\(hex(found, digits: 6))",
        "a guest would load the driver of another kind of device")
    } else if wanted != found {
      warn(
        "header", "class", "0x\(hex(wanted, digits: 6))", "0x\(hex(found, digits: 6))",
        "a guest chooses its driver by it")
    }
    if let vendor = host.vendorID, vendor != profile.identity.vendor {
      let ids = idPair(profile.identity.vendor, profile.identity.device)
      let found = idPair(vendor, host.deviceID ?? 0xffff)
      warn("header", "ids", ids, found, Self.otherVendor)
    }
    if profile.isVirtualFunction != host.isVirtualFunction {
      let names = ["a physical function", "a virtual function"]
      let text = { (isVirtual: Bool) in names[isVirtual ? 1 : 0] }
      if host.isVirtualFunction {
        refuse(
          "header", "function", text(false), text(true),
          "a virtual function has no Memory Enable to pass a guest's to")
      } else {
        warn(
          "header", "function", text(true), text(false),
          "the VMM has to set Memory Enable on the device itself")
      }
    }
    if profile.interruptPin != 0, host.space.u8(at: 0x3d) == 0 {
      refuse(
        "header", "interrupt pin", "\(profile.interruptPin)", "0",
        "a guest would wait for an interrupt line that the device does not have")
    }
  }

  /// A capability other than PASID: present, and every field enough.
  private mutating func check(_ placed: PlacedCapability) {
    let policy = placed.policy
    if policy.holdsBytes { return checkBytes(placed) }
    guard let found = host.find(placed.id, instance: placed.instance) else {
      guard policy.presence == .required else { return }
      return refuseAbsent(placed)
    }
    // Registers whose place depends on others may lie elsewhere on the device; those that are
    // checked do not.
    for register in policy.registers(placed.content) {
      guard register.rules.contains(where: { $0.mergeRule.isChecked }) else { continue }
      let wanted = policy.value(of: register, in: placed.content)
      guard let value = found.load(at: register.offset, byteCount: register.byteCount) else {
        leaveOpen(
          placed.label, register.name, "0x\(hex(wanted))", "not in the dump",
          "its rules ask for it")
        continue
      }
      for rule in register.rules where !rule.isMet(wanted: wanted, found: value) {
        refuse(
          placed.label, rule.name, rule.text(wanted, of: placed.id),
          rule.text(value, of: placed.id),
          rule.consequence)
      }
    }
  }

  /// A capability that the device does not show: absent only if all of its list was seen.
  private mutating func refuseAbsent(_ placed: PlacedCapability) {
    guard let gap = host.gap(placed.id, instance: placed.instance) else {
      return refuse(placed.label, "capability", "present", "absent", placed.policy.purpose)
    }
    leaveOpen(
      placed.label, "capability", "present", "not known: \(gap)", placed.policy.purpose)
  }

  /// A capability kept as bytes must be there with the same bytes: nobody knows what they mean.
  private mutating func checkBytes(_ placed: PlacedCapability) {
    let candidates = host.capabilities.all(placed.id)
    let wanted = placed.content.bytes
    let isFound = candidates.contains { layout.hasBytes(of: placed, $0, on: host) }
    guard !isFound else { return }
    let isCut = candidates.contains { candidate in
      !host.space.isKnown(candidate.range)
    }
    if candidates.isEmpty {
      refuseAbsent(placed)
    } else if isCut || host.gap(placed.id, instance: candidates.count) != nil {
      leaveOpen(
        placed.label, "bytes", "those of the profile", "not all in the dump",
        "a vendor's driver would find its device elsewhere or otherwise")
    } else {
      let text = wanted.prefix(8).map { hex($0, digits: 2) }.joined(separator: " ")
      refuse(
        placed.label, "bytes", text + (wanted.count > 8 ? " …" : ""), "others",
        "a vendor's driver would find its device elsewhere or otherwise")
    }
  }

  /// Registers that are passed through: each must have a counterpart, and what it must read there.
  private mutating func checkRegisters() {
    for register in layout.registers {
      for part in register.parts where part.access.needsDevice || part.required != nil {
        guard let counterpart = part.counterpart else { continue }
        let owner = layout.label(register.owner)
        if case .capability(let index) = register.owner,
          case .capability(let id, let instance, _) = counterpart,
          id == layout.capabilities[index].id, instance == layout.capabilities[index].instance,
          host.find(id, instance: instance) == nil
        {
          continue  // The absent capability is a reason already.
        }
        check(register, part, counterpart, owner)
      }
    }
  }

  private mutating func check(
    _ register: PlacedRegister, _ part: PlacedBits, _ counterpart: ProfileRegister.Counterpart,
    _ owner: String
  ) {
    let indices = (0..<register.byteCount).filter { PlacedRegister.byte($0, of: part.bits) != 0 }
    let offsets = indices.map { layout.offset(of: counterpart.advanced(by: $0), on: host) }
    guard !offsets.contains(nil) else {
      let isCut = host.capabilities.findings.contains(where: \.isGap)
      let why = "reads and writes of a guest would have nowhere to go"
      let wanted = "a register at \(counterpart)"
      return isCut
        ? leaveOpen(owner, part.name, wanted, "not in the dump", why)
        : refuse(owner, part.name, wanted, "none", why)
    }
    guard part.required != nil || (part.access.readsDevice && !part.settlesAtReset) else { return }
    var value: UInt32 = 0
    for (index, offset) in zip(indices, offsets) {
      guard let offset, let byte = host.space.u8(at: offset) else {
        let wanted = "0x\(hex((part.required ?? register.reset) & part.bits))"
        return part.required == nil
          ? warn(
            owner, part.name, wanted, "not in the dump", "a guest would read what the device has")
          : leaveOpen(
            owner, part.name, wanted, "not in the dump",
            "the profile requires this value of every device")
      }
      value |= UInt32(byte) << UInt32(8 * index)
    }
    let found = value & part.bits
    if let required = part.required {
      if found != required {
        refuse(
          owner, part.name, "0x\(hex(required))", "0x\(hex(found))",
          "the profile requires this value of every device")
      }
    } else if found != register.reset & part.bits {
      warn(
        owner, part.name, "0x\(hex(register.reset & part.bits))", "0x\(hex(found))",
        "a guest reads the device's value, which may differ by device; `require` makes it a condition"
      )
    }
  }
}

extension ProfileLayout {
  /// Whether `host` can carry the profile, with every reason why not.
  ///
  /// - Parameters:
  ///   - host: the device that is to serve the profile.
  ///   - iommu: what iommufd reports; the kernel hides the PASID capability from VFIO, so a dump
  ///     alone does not always
  ///     say.
  public func check(_ host: HostFunction, iommu: IOMMUFacts? = nil) -> CheckReport {
    var check = ProfileCheck(self, host, iommu)
    check.run()
    return check.report
  }
}
