import ByteIO
import Devices
import MigrationStream
import Testing
import VFIO

/// PASID bindings through iommufd: the structures and their order, and what is left after a
/// refusal.
@Suite struct DomainTests {
  /// A plain domain with a fault queue, and a guest's page table nested under the host's.
  static let table = PASIDTable(
    domains: [
      .init(id: 10, faults: .queue),
      .init(
        id: 11,
        kind: .nested(
          dataType: 1,
          data: (1 as UInt64).littleBytes + (0x1_2345_6000 as UInt64).littleBytes
            + (48 as UInt32).littleBytes + (0 as UInt32).littleBytes)),
    ],
    bindings: [
      .init(pasid: 5, domain: 10), .init(pasid: 255, domain: 11, permissions: [.execute]),
    ])

  /// The structures of `calls` with this name, as the fields that the measured layout has.
  private func fields(
    _ name: String, _ structure: String, in kernel: EmulatedKernel, measured: KernelABI? = nil
  ) throws -> [[String: UInt64]] {
    let abi = try #require(KernelABI.measured)
    let layout = try #require(abi.structures[structure])
    return kernel.calls.filter { $0.name == name }.map { call in
      var values: [String: UInt64] = [:]
      for (field, place) in layout.fields where place.offset + place.byteCount <= call.bytes.count {
        values[field] = call.bytes[place.offset..<place.offset + place.byteCount].reversed()
          .reduce(0) { $0 << 8 | UInt64($1) }
      }
      return values
    }
  }

  @Test func bindingsAreAttachedInTheOrderThatLinuxWants() throws {
    let kernel = try Fixture.function()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    let before = kernel.requests.count
    try device.allocate(Self.table.domains)
    for binding in Self.table.bindings { try device.attach(binding) }
    let made = Array(kernel.requests.dropFirst(before))
    #expect(
      made == [
        "IOMMU_GET_HW_INFO",
        // The probe, which leaves nothing.
        "IOMMU_IOAS_ALLOC", "IOMMU_HWPT_ALLOC", "IOMMU_DESTROY", "IOMMU_DESTROY",
        "IOMMU_FAULT_QUEUE_ALLOC", "IOMMU_DESTROY",
        // The device's own page table, then one for each domain.
        "IOMMU_HWPT_ALLOC",
        "IOMMU_FAULT_QUEUE_ALLOC", "IOMMU_IOAS_ALLOC", "IOMMU_HWPT_ALLOC",
        "IOMMU_HWPT_ALLOC",
        // The device first, then its PASIDs.
        "VFIO_DEVICE_ATTACH_IOMMUFD_PT", "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
        "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
      ])

    let tables = try fields("IOMMU_HWPT_ALLOC", "iommu_hwpt_alloc", in: kernel).dropFirst()
    #expect(tables.map { $0["size"] } == [48, 48, 48])
    // NEST_PARENT and PASID; PASID and FAULT_ID_VALID; PASID.
    #expect(tables.map { $0["flags"] } == [9, 12, 8])
    #expect(tables.map { $0["data_type"] } == [0, 0, 1])
    #expect(tables.map { $0["data_len"] } == [0, 0, 24])
    #expect(tables.allSatisfy { $0["dev_id"] == UInt64(device.deviceID ?? 0) })
    let own = try #require(kernel.device?.attached)
    #expect(tables.last?["pt_id"] == UInt64(own))
    let data = kernel.calls.last { $0.name == "IOMMU_HWPT_ALLOC" }?.memory
    guard case .nested(_, let wanted) = Self.table.domains[1].kind else { return }
    #expect(data == wanted)

    let attached = try fields(
      "VFIO_DEVICE_ATTACH_IOMMUFD_PT", "vfio_device_attach_iommufd_pt", in: kernel)
    #expect(attached.map { $0["argsz"] } == [12, 12, 16, 16])
    #expect(attached.map { $0["flags"] } == [0, 0, 1, 1])
    #expect(attached.map { $0["pasid"] } == [nil, nil, 5, 255])
    #expect(kernel.device?.pasids.count == 2)

    let text = device.inheritance.description
    #expect(text.contains("hwpt=\(own)"))
    #expect(
      text.contains("domain.10=") && text.contains("domain.11=") && text.contains("fault.10="))

    for binding in Self.table.bindings.reversed() { try device.detach(pasid: binding.pasid) }
    device.releaseDomains()
    let detached = try fields(
      "VFIO_DEVICE_DETACH_IOMMUFD_PT", "vfio_device_detach_iommufd_pt", in: kernel)
    #expect(detached.map { $0["argsz"] } == [12, 12])
    #expect(detached.map { $0["pasid"] } == [255, 5])
    // Back to the address space, before anything of ours goes.
    let last = try #require(
      fields("VFIO_DEVICE_ATTACH_IOMMUFD_PT", "vfio_device_attach_iommufd_pt", in: kernel).last)
    #expect(
      last["argsz"] == 12 && last["pt_id"] == device.inheritance.addressSpace.map(UInt64.init))
    #expect(kernel.objects.count == 2)
    #expect(kernel.openCount == 2)
  }

  /// Hosts that cannot take the table, and what the refusal says.
  static let refusals: [(String, EmulatedKernel.Platform, [String])] = {
    var old = EmulatedKernel.Platform()
    old.release = "6.12.117"
    old.hasPASIDAttach = false
    var narrow = EmulatedKernel.Platform()
    narrow.pasidWidth = 0
    var flat = EmulatedKernel.Platform()
    flat.isNesting = false
    var arm = EmulatedKernel.Platform()
    arm.type = 2
    var mediated = EmulatedKernel.Platform()
    mediated.isMediated = true
    return [
      (
        "old", old,
        ["Linux 6.12.117", "IOMMU_HWPT_ALLOC_PASID (1<<3): EOPNOTSUPP", "6.15", "width 8"]
      ),
      ("narrow", narrow, ["Linux 7.0.0", "PASID width 0"]),
      ("flat", flat, ["ecap.NEST (bit 26) 0"]),
      ("arm", arm, ["Arm SMMUv3"]),
      ("mediated", mediated, ["IOMMU_GET_HW_INFO: ENOENT"]),
    ]
  }()

  @Test(arguments: refusals)
  func aHostThatCannotRefusesBeforeAnythingChanges(
    name: String, platform: EmulatedKernel.Platform, words: [String]
  ) throws {
    let kernel = try Fixture.function(platform)
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    let error = #expect(throws: DeviceError.self) { try device.allocate(Self.table.domains) }
    let text = "\(try #require(error))"
    for word in words { #expect(text.contains(word), "\(text)") }
    #expect(kernel.requests.filter { $0 == "VFIO_DEVICE_ATTACH_IOMMUFD_PT" }.count == 1)
    #expect(kernel.objects.count == 2)
    #expect(kernel.openCount == 2)
  }

  @Test func aFunctionWithoutPageRequestsGetsNoQueue() throws {
    // An NVMe function, with PASIDs and without PRI.
    let kernel = try Fixture.function(model: "nvme")
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    let abilities = try device.addressSpaceAbilities()
    #expect(abilities.pasidWidth == 8 && !abilities.hasFaultQueue)
    let error = #expect(throws: DeviceError.self) {
      try device.allocate([.init(id: 1, faults: .queue)])
    }
    #expect(error?.detail?.contains("no PRI capability") == true)
    #expect(kernel.objects.count == 2)
    try device.allocate([.init(id: 1)])
  }

  @Test func anInheritedDeviceWithoutItsAddressSpaceIsNotTakenAway() throws {
    let kernel = try Fixture.function()
    let inner = try #require(kernel.device)
    let (file, iommufd, id) = kernel.inherit(inner)
    let device = try Fixture.open("fd:\(file)?iommufd=\(iommufd)&devid=\(id)", in: kernel)
    let error = #expect(throws: DeviceError.self) { try device.allocate(Self.table.domains) }
    #expect(error?.detail?.contains("expected ioas=N") == true)
    #expect(inner.attached == nil)
  }

  /// What Linux 7.0 answers, step by step, which is what the engine goes by.
  @Test func theEmulatedKernelAnswersAsLinux7() throws {
    let kernel = try Fixture.function()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    let file = try #require(kernel.device)
    try device.allocate([.init(id: 1), .init(id: 2)])
    let numbers = device.inheritance.domains.map(\.pageTable)
    func attach(_ pasid: UInt32, _ domain: UInt32) -> LinuxErrno? {
      do throws(DeviceError) {
        try device.attach(.init(pasid: pasid, domain: domain))
        return nil
      } catch {
        return error.errno
      }
    }
    #expect(attach(5, 1) == nil)
    #expect(attach(5, 1) == nil)
    #expect(attach(5, 2) == nil)
    #expect(file.pasids == [5: numbers[1]])
    #expect(attach(0, 1) == .busy)
    #expect(attach(256, 1) == .invalid)
    #expect(attach(1 << 20, 1) == .invalid)
    #expect(attach(6, 3) == .noEntry)
    try device.detach(pasid: 5)
    try device.detach(pasid: 5)
    try device.detach(pasid: 77)
    // Beside a PASID the device's own page table must allow them too.
    file.attached = device.inheritance.addressSpace
    #expect(attach(5, 1) == .invalid)
  }

  @Test func theCheckNamesKernelWidthAndBit() throws {
    for (_, platform, words) in Self.refusals where platform.type == 1 {
      let kernel = try Fixture.function(platform)
      let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
      let evidence = try #require(try device.addressSpaceAbilities().evidence)
      for word in words where !word.isEmpty { #expect(evidence.contains(word), "\(evidence)") }
    }
  }

  @Test func memoryIsMappedAndUnmapped() throws {
    let kernel = EmulatedKernel()
    let iommufd = try IOMMUFD(in: kernel)
    let space = try IOAddressSpace(in: iommufd)
    let range = AddressRange(start: 0x10_0000, byteCount: 0x2000)
    try space.map(range, to: 0x7000_0000, for: .read)
    let call = try #require(kernel.calls.last)
    #expect(call.name == "IOMMU_IOAS_MAP" && call.bytes.count == 40)
    #expect(call.bytes[4] == 5)
    #expect(try space.unmap(range) == 0x2000)
    #expect(throws: LinuxErrno.noEntry) { try space.unmap(AddressRange(start: 0, byteCount: 1)) }
  }
}
