import ByteIO
import Devices
import EmulatedDevices
import MigrationStream
import SystemPackage
import TestSupport
import Testing
import VFIO

/// Regions, memory and fault queues of kernel devices, as a server of a device uses them.
@Suite struct RegionTests {
  private func read(
    _ device: any RegionDevice, _ byteCount: Int, from region: UInt32, at offset: UInt64
  ) throws(DeviceError) -> [UInt8] {
    var buffer = ByteBuffer(capacity: byteCount)
    _ = try buffer.fill(limit: byteCount) { (span) throws(DeviceError) in
      try device.read(into: &span, from: region, at: offset)
    }
    return [UInt8](buffer.bytes)
  }

  @Test func aRegionIsReachedByItsNumber() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    // The scratch registers of two 8250 ports.
    for (region, byte) in [(0, 0x5a), (1, 0xa5)] as [(UInt32, UInt8)] {
      #expect(try device.write([byte].span.raw, to: region, at: 7) == 1)
    }
    #expect(try read(device, 1, from: 0, at: 7) == [0x5a])
    #expect(try read(device, 1, from: 1, at: 7) == [0xa5])
    #expect(try read(device, 255, from: 7, at: 0) == device.configurationSpace())
  }

  @Test func whatLiesOutsideARegionNeverReachesTheKernel() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    let count = kernel.calls.count
    for (region, offset, byteCount) in [
      (0, 8, 1), (0, 7, 2), (0, .max, 1), (7, 255, 1), (7, 0, 256), (2, 0, 1), (99, 0, 1),
    ] as [(UInt32, UInt64, Int)] {
      let bytes = [UInt8](repeating: 0, count: byteCount)
      #expect(throws: DeviceError.self) { try device.write(bytes.span.raw, to: region, at: offset) }
      #expect(throws: DeviceError.self) {
        try read(device, byteCount, from: region, at: offset)
      }
    }
    #expect(kernel.calls.count == count)
  }

  @Test func aFailedAccessNamesItsPlace() throws {
    let kernel = try Fixture.serial()
    let device = try Fixture.open("vfio:\(Fixture.uuid)", in: kernel)
    kernel.failure = (kernel.callCount, .inputOutput)
    #expect(throws: DeviceError(.readConfiguration(at: 8), .inputOutput)) {
      try device.readConfiguration(at: 8, byteCount: 4)
    }
    kernel.failure = (kernel.callCount, .inputOutput)
    #expect(throws: DeviceError(.readRegion(1, at: 3), .inputOutput)) {
      try read(device, 1, from: 1, at: 3)
    }
  }

  @Test func onlyRegionsThatSayItAreMapped() throws {
    let serial = try Fixture.open("vfio:\(Fixture.uuid)", in: Fixture.serial())
    let function = try Fixture.open("vfio:\(Fixture.slot)", in: Fixture.function())
    for device in [serial, function] {
      for region in device.regions {
        let mapping = try device.mapping(of: region.index)
        #expect((mapping != nil) == (region.flags.contains(.map) && region.byteCount > 0))
        guard let mapping else { continue }
        #expect(mapping.descriptor == device.descriptor.rawValue)
        #expect(mapping.offset == region.offset && mapping.areas == [0..<region.byteCount])
      }
    }
    #expect(throws: DeviceError.self) { try serial.mapping(of: 99) }
  }

  @Test func memoryIsMappedForADeviceWithAnAddressSpace() throws {
    let kernel = try Fixture.function()
    let range = AddressRange(start: 0x10_0000, byteCount: 0x1000)
    let device: any DMADevice = try Fixture.open("vfio:\(Fixture.slot)", in: kernel)
    try device.map(range, to: 0x7000_0000, for: [.read, .write])
    #expect(kernel.requests.last == "IOMMU_IOAS_MAP")
    try device.unmap(range)
    #expect(kernel.requests.last == "IOMMU_IOAS_UNMAP")
    #expect(throws: DeviceError(.unmapDMA(at: 0x10_0000), .noEntry)) { try device.unmap(range) }

    let grouped = try Fixture.open(
      "vfio:\(Fixture.slot)?interface=group", in: Fixture.function())
    #expect(throws: DeviceError(.mapDMA(at: 0x10_0000), .notSupported)) {
      try grouped.map(range, to: 0x7000_0000, for: .read)
    }
  }

  @Test func aDomainsFaultQueueIsThere() throws {
    let device: any PASIDDevice = try Fixture.open(
      "vfio:\(Fixture.slot)", in: Fixture.function())
    #expect(device.faultQueue(ofDomain: 1) == nil)
    try device.allocate([.init(id: 1, faults: .queue), .init(id: 2)])
    #expect(device.faultQueue(ofDomain: 1) != nil && device.faultQueue(ofDomain: 2) == nil)
    device.releaseDomains()
    #expect(device.faultQueue(ofDomain: 1) == nil)
  }
}
