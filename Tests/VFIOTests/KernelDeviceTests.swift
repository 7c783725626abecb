import ByteIO
import Devices
import MigrationStream
import SystemPackage
import Testing
import VFIO

/// A device of the kernel: how it is opened, and what it is asked.
@Suite struct KernelDeviceTests {
  static let opening = [
    "VFIO_DEVICE_BIND_IOMMUFD", "IOMMU_IOAS_ALLOC", "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
  ]

  @Test func theDeviceFileIsOpenedInTheOrderThatTheKernelWants() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    let opens = kernel.calls.map(\.name).filter {
      $0 == "open /dev/iommu" || $0.hasPrefix("open /dev/vfio")
    }
    #expect(opens == ["open /dev/iommu", "open /dev/vfio/devices/vfio0"])
    #expect(Array(kernel.requests.prefix(3)) == Self.opening)
    let attach = try #require(kernel.calls.first { $0.name == Self.opening[2] })
    #expect(attach.bytes == [12, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])
    #expect(device.name == Fixture.uuid)
    #expect(device.driver == "mtty")
    #expect(kernel.openCount == 2)
  }

  @Test func theGroupIsOpenedThroughAContainer() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)?interface=group", in: kernel)
    #expect(
      Array(kernel.requests.prefix(6)) == [
        "VFIO_GET_API_VERSION", "VFIO_GROUP_GET_STATUS", "VFIO_GROUP_SET_CONTAINER",
        "VFIO_CHECK_EXTENSION", "VFIO_SET_IOMMU", "VFIO_GROUP_GET_DEVICE_FD",
      ])
    #expect(kernel.openCount == 3)
    #expect(try device.abilities() == [.stopCopy, .peerToPeer, .preCopy])
    #expect(try device.addressSpaceAbilities().pasidWidth == 0)
    let error = #expect(throws: DeviceError.self) {
      try device.allocate([PASIDTable.Domain(id: 0)])
    }
    #expect(error?.detail?.contains("opened through its group") == true)
  }

  @Test func aHostWithoutDeviceFilesTakesTheGroup() throws {
    let kernel = try Fixture.serial()
    kernel.texts = kernel.texts.filter { !$0.key.hasSuffix("/dev") }
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    #expect(device.deviceID == nil)
    let error = #expect(throws: DeviceOpenError.self) {
      try Fixture.open("vfio:\(Fixture.uuid)?interface=cdev", in: kernel)
    }
    #expect(error.map { "\($0)".contains("/dev/vfio/devices/vfioN") } == true)
  }

  @Test(arguments: ["cdev", "group"])
  func everythingIsClosedAndDestroyedWhenTheDeviceGoes(interface: String) throws {
    let kernel = try Fixture.function()
    var device: KernelDevice? = try Fixture.open(
      "vfio:\(Fixture.slot)?interface=\(interface)", in: kernel)
    #expect(try device?.state() == .running)
    device = nil
    #expect(kernel.openCount == 0)
    #expect(kernel.objects.isEmpty)
    #expect(!kernel.calls.contains { $0.name == "close of what is not open" })
    if interface == "cdev" {
      let end = kernel.requests.suffix(2)
      #expect(Array(end) == ["VFIO_DEVICE_DETACH_IOMMUFD_PT", "IOMMU_DESTROY"])
    }
  }

  @Test func anInheritedDeviceIsNeitherBoundNorClosed() throws {
    let kernel = try Fixture.function()
    let inner = try #require(kernel.device)
    let (file, iommufd, id) = kernel.inherit(inner)
    let space = kernel.addAddressSpace()
    do {
      let device = try Fixture.open(
        "fd:\(file)?iommufd=\(iommufd)&devid=\(id)&ioas=\(space)", in: kernel)
      #expect(try device.abilities().contains(.stopCopy))
      #expect(
        device.inheritance.description
          == "device=\(file),iommufd=\(iommufd),devid=\(id),ioas=\(space)")
    }
    #expect(kernel.openCount == 2)
    #expect(kernel.objects.count == 2)
    let changing = ["BIND", "ATTACH", "DETACH", "DESTROY"]
    #expect(!kernel.requests.contains { name in changing.contains { name.contains($0) } })
  }

  @Test(
    arguments: [
      "vfio:0000:3b:00.2", "vfio:/dev/vfio/devices/vfio9",
      "vfio:83b8f4f2-509f-382f-3c1e-e6bfe0fa1009",
    ])
  func whatIsNotThereIsSaidSo(name: String) throws {
    let kernel = try Fixture.function()
    let error = #expect(throws: DeviceOpenError.self) { try Fixture.open(name, in: kernel) }
    guard case .absent(let reason)? = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    #expect(reason.hasPrefix("\(name): expected"))
  }

  @Test(
    arguments: [
      "vfio:nonsense", "vfio:../../etc", "vfio:/dev/null", "vfio:0000:3b:00.1?interface=both",
      "vfio:0000:3b:00.1?ports=2", "fd:x", "fd:5?iommufd=6",
      "fd:5?devid=1", "fd:5?ioas=1", "fd:5?iommufd=6&devid=1&devid=2", "fd:-1", "other:5",
    ])
  func namesThatAreNoneAreMalformed(name: String) throws {
    let kernel = try Fixture.function()
    let error = #expect(throws: DeviceOpenError.self) { try Fixture.open(name, in: kernel) }
    guard case .malformed? = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
  }

  @Test func aFunctionOfAnotherDriverIsNotOpened() throws {
    let kernel = try Fixture.function(driver: "nvme")
    kernel.texts = kernel.texts.filter { !$0.key.contains("vfio-dev") }
    let error = #expect(throws: DeviceOpenError.self) {
      try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    }
    #expect(error.map { "\($0)".hasSuffix("found it bound to nvme") } == true)
    #expect(!kernel.calls.contains { $0.name.hasPrefix("open /dev/") })
  }

  @Test func identityComesFromRegionsAndConfigurationSpace() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    let identity = try device.identity()
    #expect(identity.driver == "mtty")
    #expect(identity.pci?.vendorID == 0x4348)
    #expect(identity.pci?.deviceID == 0x3253)
    #expect(identity.regions.first { $0.index == 7 }?.byteCount == 255)
    #expect(try device.configurationSpace().count == 255)
    #expect(device.regions.map(\.index) == Array(0..<9))
    #expect(try device.interrupts().map(\.count) == [0, 1, 0])
  }

  @Test func aRegionThatTheFunctionDoesNotHaveIsLeftOut() throws {
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: Fixture.function())
    #expect(device.information.regionCount == 9)
    #expect(!device.regions.contains { $0.index == 8 })
  }

  @Test func configurationIsWrittenWithinTheRegionOnly() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    try device.writeConfiguration(0x42, at: 60, byteCount: 1)
    #expect(kernel.calls.last == EmulatedKernel.Call(name: "pwrite", bytes: [0x42]))
    #expect(try device.readConfiguration(at: 0, byteCount: 4) == 0x3253_4348)
    let count = kernel.calls.count
    for (byteCount, offset) in [
      (2, 254), (1, 255), (1, -1), (1, Int.max), (4, 252), (2, 61), (4, 62), (3, 60), (0, 60),
      (8, 0),
    ] {
      #expect(throws: DeviceError.self) {
        try device.writeConfiguration(0, at: offset, byteCount: byteCount)
      }
      #expect(throws: DeviceError.self) {
        try device.readConfiguration(at: offset, byteCount: byteCount)
      }
    }
    #expect(kernel.calls.count == count)
  }

  @Test func aDriverWithoutMigrationHasNoAbilities() throws {
    let kernel = try Fixture.function(model: "synthetic?size=64KiB&migration=no")
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    #expect(try device.abilities() == [])
    let error = #expect(throws: DeviceError.self) { try device.state() }
    #expect(error?.errno == .notSupportedByDriver)
  }

  @Test func reinitializationIsAskedForOnceBeforePreCopyAndBelievedOnlyThen() throws {
    for isOffered in [true, false] {
      var platform = EmulatedKernel.Platform()
      platform.hasReinitialization = isOffered
      let kernel = try Fixture.function(platform)
      let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
      for _ in 0..<2 {
        let channel = try #require(try device.transition(to: .preCopy))
        // Where it is not offered the driver leaves garbage in the flags.
        #expect(try !channel.preCopyInformation().isReinitialized)
        _ = try device.transition(to: .running)
      }
      #expect(kernel.device?.optedIn == isOffered)
      let asked = kernel.calls.filter { $0.name == "VFIO_DEVICE_FEATURE" && $0.bytes.count == 8 }
      #expect(asked.count == (isOffered ? 2 : 1))
    }
  }

  @Test func everyFeatureCanBeProbed() throws {
    let kernel = try Fixture.function()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    #expect(device.has(.migration, for: .get))
    #expect(!device.has(.migration, for: .set))
    #expect(device.has(.migrationState, for: [.get, .set]))
    #expect(device.has(.startDMALogging, for: .set))
    #expect(device.has(.stopDMALogging, for: .set))
    #expect(device.has(.reportDMALogging, for: .get))
    #expect(device.has(.migrationDataSize, for: .get))
    #expect(device.has(.preCopyInformation2, for: .set))
    #expect(!device.has(DeviceFeature(rawValue: 99), for: .get))
    let flags = try #require(kernel.calls.last { $0.name == "VFIO_DEVICE_FEATURE" })
    #expect(flags.bytes == [8, 0, 0, 0, 99, 0, 5, 0])
  }

  @Test func writesToMemoryAreLogged() throws {
    let kernel = try Fixture.function()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    try device.startDMALogging(
      [.init(start: 0x1000, byteCount: 0x2000), .init(start: 0x10_0000, byteCount: 0x1000)],
      pageByteCount: 4096)
    let start = try #require(kernel.calls.last)
    #expect(start.bytes.count == 32 && start.bytes[16] == 2)
    #expect(start.memory.count == 32)
    let bits = try device.dirtyPages(
      in: .init(start: 0x1000, byteCount: 0x2000), pageByteCount: 4096)
    #expect(bits == [1, 0, 0, 0, 0, 0, 0, 0])
    try device.stopDMALogging()
    #expect(throws: DeviceError.self) {
      try device.dirtyPages(in: .init(start: 0, byteCount: 4096), pageByteCount: 4096)
    }
  }

  // MARK: Chains that the kernel sends

  private static func capability(_ id: UInt16, next: UInt32, _ payload: Int = 0) -> [UInt8] {
    id.littleBytes + (1 as UInt16).littleBytes + next.littleBytes
      + [UInt8](repeating: UInt8(id), count: payload)
  }

  @Test func aChainIsWalked() throws {
    var platform = EmulatedKernel.Platform()
    platform.chain = Self.capability(2, next: 48, 16) + Self.capability(3, next: 0, 4)
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: Fixture.function(platform))
    let chain = device.information.capabilities
    #expect(chain.map(\.id) == [2, 3])
    #expect(chain.map(\.bytes.count) == [16, 4])
  }

  @Test(
    arguments: [
      // Into the structure, out of the bytes, to itself, and back to one before.
      capability(2, next: 8), capability(2, next: 4096), capability(2, next: 0xffff_ffff),
      capability(2, next: 24), capability(2, next: 32) + capability(3, next: 24),
      // A header that the end cuts off.
      capability(2, next: 30), [2, 0, 1, 0],
    ])
  func aChainThatGoesAstrayIsAnError(chain: [UInt8]) throws {
    var platform = EmulatedKernel.Platform()
    platform.chain = chain
    let kernel = try Fixture.function(platform)
    let error = #expect(throws: DeviceOpenError.self) {
      try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    }
    guard case .device(let cause)? = error else { return #expect(Bool(false)) }
    #expect(
      cause.operation == .identify && cause.detail?.contains("chain") == true
        || cause.detail?.contains("capability") == true)
    #expect(kernel.openCount == 0)
  }
}
