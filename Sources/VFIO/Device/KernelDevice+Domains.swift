private import CVFIO
public import Devices
public import MigrationStream
private import PCIConfig
private import SystemPackage

extension KernelDevice: PASIDDevice {
  private var nestedTypes: UInt32 { UInt32(CVFIO_IOMMU_HWPT_DATA_VTD_S1) }

  /// What PASID attach came with, said if it is refused; whether it is the cause, no errno
  /// tells.
  private static let origin = "PASID attach is in Linux from 6.15 on"

  /// The width and permissions of PASIDs, as iommufd tells them (IOMMU_GET_HW_INFO).
  public func addressSpaceAbilities() throws(DeviceError) -> AddressSpaceAbilities {
    let kernelName = "Linux \(release)"
    guard let iommufd, let deviceID else {
      var abilities = AddressSpaceAbilities()
      // Whose device it is may have one.
      abilities.isKnown = !isInherited
      abilities.evidence =
        isInherited
        ? "\(kernelName); \(name) was inherited without its iommufd (expected iommufd=N&devid=N)"
        : "\(kernelName); \(name) was opened through its group, and only an iommufd has PASIDs"
      return abilities
    }
    let hardware: HardwareInformation
    do throws(LinuxErrno) {
      hardware = try iommufd.hardwareInformation(device: deviceID)
    } catch {
      // A mediated device has no IOMMU of its own: ENOENT.
      return AddressSpaceAbilities(
        evidence: "\(kernelName); IOMMU_GET_HW_INFO: \(error)")
    }
    var evidence = "\(kernelName); IOMMU_GET_HW_INFO: \(hardware.typeName), PASID width "
    evidence += "\(hardware.pasidWidth)"
    var abilities = AddressSpaceAbilities(pasidWidth: hardware.pasidWidth)
    if hardware.capabilities.contains(.executePASIDs) { abilities.permissions.insert(.execute) }
    if hardware.capabilities.contains(.privilegedPASIDs) {
      abilities.permissions.insert(.privileged)
    }
    if let isNesting = hardware.hasVTdNesting {
      if isNesting { abilities.nestedDataTypes.insert(UInt32(CVFIO_IOMMU_HWPT_DATA_VTD_S1)) }
      evidence += ", ecap.NEST (bit 26) \(isNesting ? 1 : 0)"
    }
    if hardware.pasidWidth > 0 {
      // The width alone does not tell: a kernel before 6.15 may have it as a backport.
      if let refusal = probePASIDs(iommufd, deviceID) {
        abilities.pasidWidth = 0
        evidence += "; IOMMU_HWPT_ALLOC with IOMMU_HWPT_ALLOC_PASID (1<<3): \(refusal); "
        evidence += Self.origin
      }
      abilities.hasFaultQueue = (try? FaultQueue(in: iommufd)) != nil
      if abilities.hasFaultQueue, !makesPageRequests {
        // The kernel finds out when the queue's page table is attached. A virtual function shares
        // its physical one's, which it does not let it use.
        abilities.hasFaultQueue = false
        evidence += "; the function has no PRI capability, so it makes no page requests"
      }
    }
    abilities.evidence = evidence
    return abilities
  }

  /// Whether the function has page requests of its own (PRI), which the kernel does not hide.
  private var makesPageRequests: Bool {
    guard let region = try? configurationSpace(), let space = try? ConfigSpace(region) else {
      return false
    }
    return space.capabilityList.first(.pageRequest) != nil
  }

  /// Makes a page table that allows PASIDs, and lets it go again; why there is none.
  private func probePASIDs(_ iommufd: IOMMUFD, _ deviceID: UInt32) -> LinuxErrno? {
    do throws(LinuxErrno) {
      let space = try IOAddressSpace(in: iommufd)
      _ = try HardwarePageTable(in: iommufd, device: deviceID, parent: space.id, flags: .pasid)
      return nil
    } catch {
      return error
    }
  }

  /// Makes every page table before anything is attached, so that a refusal leaves the device as it
  /// was.
  public func allocate(_ domains: [PASIDTable.Domain]) throws(DeviceError) {
    guard let first = domains.first else { return }
    guard self.domains == nil else {
      throw DeviceError(
        .allocateDomain(first.id), .busy, detail: "the device's domains are allocated already")
    }
    let abilities = try addressSpaceAbilities()
    let evidence = abilities.evidence
    guard let iommufd, let deviceID, abilities.pasidWidth > 0 else {
      throw DeviceError(.allocateDomain(first.id), .notSupported, detail: evidence)
    }
    guard let addressSpaceID = addressSpace?.id else {
      throw DeviceError(
        .allocateDomain(first.id), .invalid,
        detail: "\(name) was inherited without its I/O address space (expected ioas=N)")
    }
    for domain in domains {
      guard domain.faults != .queue || abilities.hasFaultQueue else {
        throw DeviceError(.allocateDomain(domain.id), .notSupported, detail: evidence)
      }
      guard case .nested(let type, _) = domain.kind else { continue }
      guard abilities.nestedDataTypes.contains(type) else {
        throw DeviceError(.allocateDomain(domain.id), .notSupported, detail: evidence)
      }
    }
    // Goes, and everything in it, when something throws.
    let made = DeviceDomains(abilities)
    let isNesting = domains.contains { if case .nested = $0.kind { true } else { false } }
    made.own = try allocating(first.id, evidence) { () throws(LinuxErrno) in
      try HardwarePageTable(
        in: iommufd, device: deviceID, parent: addressSpaceID,
        flags: isNesting ? [.pasid, .nestParent] : .pasid)
    }
    for domain in domains { try add(domain, to: made, iommufd, deviceID, evidence) }
    guard let own = made.own?.id else { return }
    try attempt(.attachDevice) { (file) throws(LinuxErrno) in try file.attach(own) }
    made.isDeviceAttached = true
    self.domains = made
  }

  private func add(
    _ domain: PASIDTable.Domain, to made: DeviceDomains, _ iommufd: IOMMUFD, _ deviceID: UInt32,
    _ evidence: String?
  ) throws(DeviceError) {
    let new = DeviceDomains.Domain(id: domain.id)
    made.domains.append(new)
    if domain.faults == .queue {
      new.faultQueue = try allocating(domain.id, evidence) { () throws(LinuxErrno) in
        try FaultQueue(in: iommufd)
      }
    }
    let queue = new.faultQueue?.id
    switch domain.kind {
    case .addressSpace:
      // The VMM maps each of them by itself.
      new.addressSpace = try allocating(domain.id, evidence) { () throws(LinuxErrno) in
        try IOAddressSpace(in: iommufd)
      }
      guard let parent = new.addressSpace?.id else { return }
      new.pageTable = try allocating(domain.id, evidence) { () throws(LinuxErrno) in
        try HardwarePageTable(
          in: iommufd, device: deviceID, parent: parent, flags: .pasid, faultQueue: queue)
      }
    case .nested(let type, let data):
      guard let parent = made.own?.id else { return }
      new.pageTable = try allocating(domain.id, evidence) { () throws(LinuxErrno) in
        try HardwarePageTable(
          in: iommufd, device: deviceID, parent: parent, flags: .pasid, dataType: type,
          data: data, faultQueue: queue)
      }
    }
  }

  private func allocating<Result: ~Copyable>(
    _ id: UInt32, _ evidence: String?, _ body: () throws(LinuxErrno) -> Result
  ) throws(DeviceError) -> Result {
    do throws(LinuxErrno) {
      return try body()
    } catch {
      throw DeviceError(.allocateDomain(id), error, detail: evidence)
    }
  }

  /// Attaches a PASID to its domain (VFIO_DEVICE_ATTACH_IOMMUFD_PT with a PASID).
  public func attach(_ binding: PASIDTable.Binding) throws(DeviceError) {
    let operation = DeviceError.Operation.attach(pasid: binding.pasid)
    guard let domains, let table = domains.domain(binding.domain)?.pageTable?.id else {
      throw DeviceError(operation, .noEntry, detail: "domain \(binding.domain) is not allocated")
    }
    // The kernel has one errno for this and for much else.
    guard binding.pasid >> UInt32(domains.abilities.pasidWidth) == 0 else {
      throw DeviceError(operation, .invalid, detail: domains.abilities.evidence)
    }
    do throws(LinuxErrno) {
      try file.attach(table, pasid: binding.pasid)
    } catch {
      throw DeviceError(
        operation, error,
        detail: "with VFIO_DEVICE_ATTACH_PASID; \(domains.abilities.evidence ?? release)")
    }
  }

  /// Detaches a PASID (VFIO_DEVICE_DETACH_IOMMUFD_PT with a PASID).
  public func detach(pasid: UInt32) throws(DeviceError) {
    try attempt(.detach(pasid: pasid)) { (file) throws(LinuxErrno) in
      try file.detach(pasid: pasid)
    }
  }

  public func faultQueue(ofDomain id: UInt32) -> Int32? {
    domains?.domain(id)?.faultQueue?.descriptor.rawValue
  }

  /// Lets go of the page tables and fault queues that were made for bindings.
  public func releaseDomains() {
    guard let domains else { return }
    // Back to what translated before; the page tables can go only then.
    if domains.isDeviceAttached, let id = addressSpace?.id { try? file.attach(id) }
    self.domains = nil
  }
}
