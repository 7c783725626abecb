import Devices
import MigrationStream
import Testing
import VFIO

/// Every call fails once, with several errnos: nothing stays open, allocated or attached.
@Suite struct FaultTests {
  static let numbers: [LinuxErrno] = [
    .notPermitted, .inputOutput, .outOfMemory, .busy, .noDevice, .invalid, .notSupportedByDriver,
  ]

  /// Opens a device, uses all of it, and lets it go.
  private func use(_ kernel: EmulatedKernel, _ name: String, table: PASIDTable?) throws {
    let device = try Fixture.open(name, in: kernel)
    _ = try device.identity()
    _ = try device.interrupts()
    if try device.abilities().contains(.preCopy) {
      let channel = try device.transition(to: .preCopy)
      _ = try channel?.preCopyInformation()
      _ = try device.transition(to: .running)
    }
    if let table {
      try device.allocate(table.domains)
      for binding in table.bindings { try device.attach(binding) }
      for binding in table.bindings.reversed() { try device.detach(pasid: binding.pasid) }
      device.releaseDomains()
    }
    try device.reset()
  }

  private static func kernel() throws -> EmulatedKernel {
    try Fixture.function(model: "synthetic?size=64KiB&precopy=16KiB")
  }

  @Test(arguments: numbers, ["cdev", "group"])
  func everyCall(number: LinuxErrno, interface: String) throws {
    let name = "vfio:\(Fixture.slot)?interface=\(interface)"
    let table = interface == "cdev" ? DomainTests.table : nil
    let clean = try Self.kernel()
    try use(clean, name, table: table)
    #expect(clean.callCount > 40)
    var failures = 0
    for index in 0..<clean.callCount {
      let kernel = try Self.kernel()
      kernel.failure = (index, number)
      do {
        try use(kernel, name, table: table)
      } catch {
        failures += 1
      }
      #expect(kernel.openCount == 0, "call \(index)")
      // Whatever could not be destroyed has gone with the iommufd.
      #expect(kernel.objects.isEmpty, "call \(index)")
      #expect(!kernel.calls.contains { $0.name == "close of what is not open" }, "call \(index)")
      #expect(kernel.device?.pasids.isEmpty == true, "call \(index)")
    }
    // Most calls matter; a probe, a look into sysfs, an end may fail without harm.
    #expect(failures > clean.callCount / 5)
  }

  @Test(arguments: numbers)
  func everyCallOfBindings(number: LinuxErrno) throws {
    let clean = try Self.kernel()
    let device = try Fixture.open("vfio:\(Fixture.slot)", in: clean)
    let start = clean.callCount
    try device.allocate(DomainTests.table.domains)
    for index in start..<clean.callCount {
      let kernel = try Self.kernel()
      let device = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
      kernel.failure = (index, number)
      do throws(DeviceError) {
        try device.allocate(DomainTests.table.domains)
      } catch {
        // Device and its address space, and nothing else; the device is where it was.
        #expect(kernel.objects.count == 2 || kernel.calls[index].name == "IOMMU_DESTROY")
        #expect(kernel.openCount == 2)
        #expect(kernel.device?.attached == device.inheritance.addressSpace)
      }
    }
  }
}
