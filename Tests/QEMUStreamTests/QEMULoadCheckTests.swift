import PCIConfig
import PCITestSupport
import QEMUStream
import Testing
import VirtualPCI

@Suite struct QEMULoadCheckTests {
  private func edited(_ space: ConfigSpace, _ offset: Int, _ value: UInt8) throws -> ConfigSpace {
    var bytes = space.bytes
    bytes[offset] = value
    return try ConfigSpace(bytes)
  }

  /// A host's device, by `vfio-pci`, whatever its ids.
  private var assigned: QEMULoadConditions {
    var conditions = QEMULoadConditions()
    conditions.function = .assigned
    return conditions
  }

  @Test func aSpaceLoadsOnItself() throws {
    for path in DumpCorpus.all {
      let space = try DumpCorpus.devices(path)[0].space
      guard space.headerType == 0, space.vendorID != 0xffff else { continue }
      let check = QEMULoadCheck(stream: space, local: space, conditions: assigned)
      #expect(check.isAccepted, "\(path)")
    }
  }

  @Test func theFirstByteIsInQEMUsWords() throws {
    let local = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    // Link Status of the express capability at 0x70.
    let stream = try edited(edited(local, 0x82, 0x42), 0x100 + 4, 0x00)
    let check = QEMULoadCheck(stream: stream, local: local, conditions: assigned)
    #expect(!check.isAccepted)
    #expect(check.refused.map(\.offset) == [0x82, 0x104])
    #expect(
      check.message
        == "get_pci_config_device: Bad config data: i=0x82 read: 42 device: 11 cmask: ff wmask: 0 w1cmask:0"
    )
    #expect(check.refused.first?.field == "PCI Express LnkSta")
  }

  /// Offset, and whether QEMU compares it: the last standard capability reaches to the end of its
  /// region.
  @Test(arguments: [
    (0x00, true), (0x04, false), (0x06, false), (0x08, true), (0x0a, true), (0x0c, false),
    (0x2c, false), (0x3c, false), (0x12, false), (0x44, false), (0x46, true), (0x52, true),
    (0xc8, true), (0x60, false), (0x110, true), (0xffe, false), (0xffc, true),
  ])
  func onlyWhatTheMasksLeaveIsCompared(offset: Int, isCompared: Bool) throws {
    let local = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    let stream = try edited(local, offset, local.bytes[offset] ^ 0x01)
    let check = QEMULoadCheck(stream: stream, local: local, conditions: assigned)
    #expect(check.refused.isEmpty == !isCompared)
  }

  @Test func theVendorSwitchChangesTheAnswer() throws {
    let local = try DumpCorpus.devices(Fixture.path("qemu-virtio-net-ats"))[0].space
    let stream = try edited(local, 0x84 + 8, 0x10)
    let new = QEMULoadCheck(stream: stream, local: local, conditions: assigned)
    #expect(new.isAccepted)
    #expect(new.machineProperties.map(\.changesAnswer) == [true])
    #expect(new.machineProperties.first?.machines == "9.0 and older")
    var conditions = assigned
    conditions.machine = QEMUMachineVersion("9.0")
    let old = QEMULoadCheck(stream: stream, local: local, conditions: conditions)
    #expect(old.refused.map(\.offset) == [0x8c])
    #expect(old.machineProperties.map(\.changesAnswer) == [true])
  }

  @Test func aDevicesOwnSpaceIsTakenAsQEMUWouldShowIt() throws {
    let local = try DumpCorpus.devices(Fixture.path("qemu-nvme-pf-vfs-on"))[0].space
    // SR-IOV and ARI never reach a guest, so their contents do not matter.
    let stream = try edited(local, 0x130, 0x00)
    let check = QEMULoadCheck(stream: stream, local: local, conditions: assigned)
    #expect(check.isAccepted)
    #expect(check.notes.contains { $0.contains("a device's own") })
  }

  @Test func differentSizesAreNoLoad() throws {
    let local = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    let stream = try ConfigSpace(Array(local.bytes[..<256]))
    #expect(!QEMULoadCheck(stream: stream, local: local, conditions: assigned).isAccepted)
    // Nor does a machine version help, though it lets the vendor's bytes pass.
    let device = try DumpCorpus.devices(Fixture.path("qemu-virtio-net-ats"))[0].space
    let other = try edited(ConfigSpace(Array(device.bytes[..<256])), 0x84 + 8, 0x10)
    var conditions = assigned
    conditions.machine = QEMUMachineVersion("9.0")
    let check = QEMULoadCheck(stream: other, local: device, conditions: conditions)
    #expect(!check.isAccepted)
    #expect(check.machineProperties.map(\.changesAnswer) == [false])
  }

  @Test func bytesWithoutARegisterAreNamedByTheirPlace() throws {
    let local = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    // Slot Capabilities of the express capability at 0x70, which an endpoint has not; and the
    // version of ATS.
    let stream = try edited(edited(local, 0x84, 0x42), 0x102, 0x02)
    let check = QEMULoadCheck(stream: stream, local: local, conditions: assigned)
    #expect(
      check.refused.map(\.field)
        == ["PCI Express byte +0x14", "Address Translation Service (ATS) header"])
  }

  // A dump that ends early, or that lacks rows, is no answer; what differs in it still is one.
  @Test(arguments: Array(stride(from: 64, to: 4096, by: 48)) + [0x104, 0x13f, 0x140, 4095])
  func aCutDumpIsNotTakenForTheWholeSpace(count: Int) throws {
    let whole = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    let cut = try ConfigSpace(Array(whole.bytes[..<count]), isWhole: false)
    for check in [
      QEMULoadCheck(stream: whole, local: cut, conditions: assigned),
      QEMULoadCheck(stream: cut, local: whole, conditions: assigned),
      QEMULoadCheck(stream: cut, local: cut, conditions: assigned),
    ] {
      #expect(check.verdict == .unknown)
      #expect(check.refused.isEmpty && !check.unknowns.isEmpty)
    }
    let other = try edited(whole, 2, whole.bytes[2] ^ 1)
    let check = QEMULoadCheck(stream: other, local: cut, conditions: assigned)
    #expect(check.verdict == .refused && check.refused.map(\.offset) == [2])
  }

  /// A function that does not answer behind its header is no answer, unless something is refused.
  @Test func aDestinationThatFellOffTheBusIsNotTakenForOneThatFits() throws {
    let whole = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    let gone = try ConfigSpace(
      Array(whole.bytes[..<0x40]) + Array(repeating: 0xff, count: whole.byteCount - 0x40))
    let check = QEMULoadCheck(stream: whole, local: gone, conditions: assigned)
    #expect(check.verdict != .accepted)
    #expect(!check.unknowns.isEmpty)
  }

  @Test func bytesThatNobodyComparesMayBeMissing() throws {
    let whole = try ConfigSpace(Fixture.layout(Fixture.short).synthesized)
    for (range, verdict) in [
      (0x3c..<0x3e, QEMULoadCheck.Verdict.accepted), (0x46..<0x48, .unknown), (0..<2, .unknown),
    ] {
      let lacking = try ConfigSpace(whole.bytes, unknownRanges: [range])
      #expect(QEMULoadCheck(stream: whole, local: lacking, conditions: assigned).verdict == verdict)
      #expect(QEMULoadCheck(stream: lacking, local: whole, conditions: assigned).verdict == verdict)
    }
  }

  // A conventional function has 256 bytes, and a list that was seen to its end says that it is one.
  @Test func aConventionalDumpIsWhole() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x01, at: 0x40, [3, 0])
    let dumped = try ConfigSpace(builder.bytes, isWhole: false)
    #expect(QEMULoadCheck(stream: dumped, local: dumped, conditions: assigned).verdict == .accepted)
  }
}
