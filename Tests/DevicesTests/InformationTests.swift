import Devices
import TestSupport
import Testing

/// The structures that a kernel and a socket say of a device.
@Suite struct InformationTests {
  private func little(_ values: UInt64..., width: Int) -> [UInt8] {
    values.flatMap { value in (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  private func region(_ capability: [UInt8]?, byteCount: UInt64 = 0x4000) -> RegionInformation {
    RegionInformation(
      index: 2, flags: [.read, .write, .map], byteCount: byteCount, offset: 2 << 40,
      capabilities: capability.map { [InformationCapability(id: 1, version: 1, bytes: $0)] } ?? [])
  }

  @Test func aRegionIsMappedWholeUnlessAListSaysWhere() throws {
    #expect(try region(nil).mappableAreas() == [0..<0x4000])
    #expect(try region(nil, byteCount: 0).mappableAreas() == [])
    let list =
      little(2, 0, width: 4) + little(0, 0x1000, width: 8) + little(0x3000, 0x1000, width: 8)
    #expect(try region(list).mappableAreas() == [0..<0x1000, 0x3000..<0x4000])
    #expect(try region(little(0, 0, width: 4)).mappableAreas() == [])
    var unmapped = region(list)
    unmapped.flags.remove(.map)
    #expect(try unmapped.mappableAreas() == [])
  }

  @Test func aListThatIsCutOrLeavesTheRegionIsAnError() {
    let list = little(1, 0, width: 4) + little(0x3000, 0x1000, width: 8)
    for count in 0..<list.count {
      #expect(throws: InformationError.self) { try region(Array(list[..<count])).mappableAreas() }
    }
    for (start, size) in [(0x4001, 0), (0x3000, 0x1001), (.max, 1), (0, .max)]
      as [(UInt64, UInt64)]
    {
      let list = little(1, 0, width: 4) + little(start, size, width: 8)
      #expect(throws: InformationError.self) { try region(list).mappableAreas() }
    }
    #expect(throws: InformationError.self) {
      try region(little(.max, 0, width: 4)).mappableAreas()
    }
  }
}

/// What was asked of a device, as messages name it.
@Suite struct DeviceOperationTests {
  @Test func operationsNameWhatTheyAreAbout() {
    let texts: [(DeviceError.Operation, String)] = [
      (.open("/dev/iommu"), "opening /dev/iommu"),
      (.transition(MigrationArc(.stop, .resuming)), "the arc STOP -> RESUMING"),
      (.readData(at: 4096), "reading state at byte 4096"),
      (.writeConfiguration(at: -1), "writing configuration space at -1"),
      (.readRegion(2, at: 16), "reading region 2 at 16"),
      (.mapDMA(at: 4096), "mapping memory at address 4096"),
      (.attach(pasid: 7), "attaching PASID 7"), (.reset, "resetting the device"),
    ]
    for (operation, text) in texts { #expect(operation.description == text) }
  }

  @Test func aCodeIsTheOperationWithoutItsPlace() {
    #expect(DeviceError.Operation.readData(at: 1).code == .readData)
    #expect(DeviceError.Operation.readData(at: 1) != .readData(at: 2))
    #expect(DeviceError.Operation.reset.arc == nil)
    let arc = MigrationArc(.running, .stop)
    #expect(DeviceError(.transition(arc), .invalid).arc == arc)
  }
}
