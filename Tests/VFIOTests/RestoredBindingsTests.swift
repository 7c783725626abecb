import ByteIO
import Devices
import Migration
import MigrationStream
import TestSupport
import Testing
import VFIO

/// Bindings from a stream, through the engine, to the calls that reach the kernel.
@Suite struct RestoredBindingsTests {
  private struct Call: Equatable {
    var name: String
    var fields: [String: UInt64]
  }

  private static let pageTableData =
    (1 as UInt64).littleBytes + (0x1_2345_6000 as UInt64).littleBytes
    + (48 as UInt32).littleBytes + (0 as UInt32).littleBytes

  /// A domain of the host's with a PASID, and one that a guest's page table translates with
  /// another.
  private static let table = PASIDTable(
    domains: [.init(id: 1), .init(id: 2, kind: .nested(dataType: 1, data: pageTableData))],
    bindings: [
      .init(pasid: 5, domain: 1, permissions: [.execute]), .init(pasid: 200, domain: 2),
    ])

  private func replay(onto device: KernelDevice) throws -> ReplaySummary {
    var builder = StreamBuilder()
    builder.devices[0].pasids = Self.table
    var source = MemorySource(try builder.encoded())
    var options = ReplayOptions()
    options.parts = .bindings
    let engine = ReplayEngine(
      [ReplayTarget(device, number: 0)], options: options, clock: ManualClock())
    return try engine.run(&source)
  }

  /// The calls from the `first` on that make, attach, detach or destroy something: their
  /// structures, field by field as the measured layout of Linux 7.1 has them, each as long as the
  /// kernel was told.
  private func calls(_ kernel: EmulatedKernel, from first: Int) throws -> [Call] {
    let abi = try #require(KernelABI.measured)
    let structures = [
      "IOMMU_IOAS_ALLOC": "iommu_ioas_alloc", "IOMMU_HWPT_ALLOC": "iommu_hwpt_alloc",
      "IOMMU_DESTROY": "iommu_destroy",
      "VFIO_DEVICE_ATTACH_IOMMUFD_PT": "vfio_device_attach_iommufd_pt",
      "VFIO_DEVICE_DETACH_IOMMUFD_PT": "vfio_device_detach_iommufd_pt",
    ]
    return try kernel.calls.dropFirst(first).compactMap { call in
      guard let structure = structures[call.name] else { return nil }
      let layout = try #require(abi.structures[structure])
      var fields: [String: UInt64] = [:]
      for (field, place) in layout.fields where place.offset + place.byteCount <= call.bytes.count {
        // Where the memory lies is nobody's business.
        if field == "data_uptr" || field.hasPrefix("__") { continue }
        fields[field] = call.bytes[place.offset..<place.offset + place.byteCount].reversed()
          .reduce(0) { $0 << 8 | UInt64($1) }
      }
      return Call(name: call.name, fields: fields)
    }
  }

  private func attach(_ table: UInt32, pasid: UInt64? = nil) throws -> Call {
    let abi = try #require(KernelABI.measured)
    let flag = UInt64(try #require(abi.constants["VFIO_DEVICE_ATTACH_PASID"]))
    var fields: [String: UInt64] = ["argsz": 12, "flags": 0, "pt_id": UInt64(table)]
    if let pasid {
      let size = try #require(abi.structures["vfio_device_attach_iommufd_pt"]).byteCount
      fields = ["argsz": UInt64(size), "flags": flag, "pt_id": UInt64(table), "pasid": pasid]
    }
    return Call(name: "VFIO_DEVICE_ATTACH_IOMMUFD_PT", fields: fields)
  }

  private func detach(pasid: UInt64) throws -> Call {
    let abi = try #require(KernelABI.measured)
    return Call(
      name: "VFIO_DEVICE_DETACH_IOMMUFD_PT",
      fields: [
        "argsz": UInt64(try #require(abi.structures["vfio_device_detach_iommufd_pt"]).byteCount),
        "flags": UInt64(try #require(abi.constants["VFIO_DEVICE_DETACH_PASID"])), "pasid": pasid,
      ])
  }

  private func allocation(
    on device: KernelDevice, parent: UInt32, _ flags: [String],
    data: (type: String, count: Int)? = nil
  ) throws -> Call {
    let abi = try #require(KernelABI.measured)
    let bits = try flags.map { UInt64(try #require(abi.constants[$0])) }
    return Call(
      name: "IOMMU_HWPT_ALLOC",
      fields: [
        "size": UInt64(try #require(abi.structures["iommu_hwpt_alloc"]).byteCount),
        "flags": bits.reduce(0, |), "dev_id": UInt64(try #require(device.deviceID)),
        "pt_id": UInt64(parent), "out_hwpt_id": 0,
        "data_type": try data.map { UInt64(try #require(abi.constants[$0.type])) } ?? 0,
        "data_len": UInt64(data?.count ?? 0), "fault_id": 0,
      ])
  }

  @Test func aPlainAndANestedBindingReachTheKernelInItsOrder() throws {
    let kernel = try Fixture.function()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    let before = kernel.calls.count
    let summary = try replay(onto: device)
    #expect(summary.devices.map(\.bindingCount) == [2])
    #expect(summary.devices.map(\.outcome) == [.runningAsBefore])

    let file = try #require(kernel.device)
    let own = try #require(file.attached)
    let plain = try #require(file.pasids[5])
    let nested = try #require(file.pasids[200])
    let space = try #require(device.inheritance.addressSpace)
    guard case .pageTable(let plainSpace, _, _)? = kernel.objects[plain] else {
      return #expect(Bool(false))
    }
    let made = try calls(kernel, from: before)
    // What the check and the allocation try out before is gone when they begin.
    let begin = try #require(
      made.firstIndex { $0.fields["pt_id"] == UInt64(space) && $0.name == "IOMMU_HWPT_ALLOC" })
    #expect(
      made[begin...].filter { $0.name != "IOMMU_IOAS_ALLOC" } == [
        try allocation(
          on: device, parent: space, ["IOMMU_HWPT_ALLOC_PASID", "IOMMU_HWPT_ALLOC_NEST_PARENT"]),
        try allocation(on: device, parent: plainSpace, ["IOMMU_HWPT_ALLOC_PASID"]),
        try allocation(
          on: device, parent: own, ["IOMMU_HWPT_ALLOC_PASID"],
          data: ("IOMMU_HWPT_DATA_VTD_S1", Self.pageTableData.count)),
        // Requests without a PASID, then those with one.
        try attach(own), try attach(plain, pasid: 5), try attach(nested, pasid: 200),
      ])
    #expect(made[begin...].filter { $0.name == "IOMMU_IOAS_ALLOC" }.count == 1)
    #expect(kernel.calls.last { $0.name == "IOMMU_HWPT_ALLOC" }?.memory == Self.pageTableData)
  }

  /// Whichever call fails, the device is left as it was; of what was attached the last goes first.
  @Test func whatFailsIsTakenBackInReverse() throws {
    let clean = try Fixture.function()
    let opened = try Fixture.open("vfio:\(Fixture.slot)", in: clean)
    let start = clean.callCount
    _ = try replay(onto: opened)
    var isSecondRefused = false
    for index in start..<clean.callCount {
      let kernel = try Fixture.function()
      let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
      let space = try #require(device.inheritance.addressSpace)
      let before = kernel.calls.count
      kernel.failure = (index, .outOfMemory)
      guard (try? replay(onto: device)) == nil else { continue }
      let made = try calls(kernel, from: before)
      #expect(kernel.device?.pasids == [:] && kernel.device?.attached == space)
      #expect(kernel.objects.count == 2 && kernel.openCount == 2)
      // Behind the first that was attached.
      guard let second = made.firstIndex(where: { $0.fields["pasid"] == 200 }) else {
        #expect(!made.contains { $0.name == "VFIO_DEVICE_DETACH_IOMMUFD_PT" })
        continue
      }
      isSecondRefused = true
      let undone = made[(second + 1)...]
      #expect(Array(undone.prefix(2)) == [try detach(pasid: 5), try attach(space)])
      let rest = undone.dropFirst(2).map(\.name)
      #expect(rest == [String](repeating: "IOMMU_DESTROY", count: 4))
    }
    #expect(isSecondRefused)
  }
}
