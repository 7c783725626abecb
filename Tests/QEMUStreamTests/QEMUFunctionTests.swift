import PCIConfig
import PCITestSupport
import QEMUStream
import TestSupport
import Testing

/// The load check of bridges, of functions that QEMU emulates, and of BARs.
@Suite struct QEMUFunctionTests {
  private func check(
    _ stream: [UInt8], _ local: [UInt8], _ change: (inout QEMULoadConditions) -> Void = { _ in }
  ) throws -> QEMULoadCheck {
    var conditions = QEMULoadConditions()
    change(&conditions)
    return QEMULoadCheck(
      stream: try ConfigSpace(stream), local: try ConfigSpace(local), conditions: conditions)
  }

  private func version(_ text: String) -> QEMUMachineVersion? { QEMUMachineVersion(text) }

  @Test(arguments: ["", "9", "9.", ".2", "9.2.1", "+9.2", "9.-2", "9.x", "99999999999999999999.0"])
  func whatIsNoVersionIsRefused(text: String) {
    #expect(version(text) == nil)
  }

  @Test func aSlotThatIsTakenOnOneSideIsRefusedByOldReleases() throws {
    let (source, destination) = (SamplePort.bytes(), SamplePort.bytes(isTaken: true))
    let old = try check(source, destination)
    #expect(
      old.message
        == "get_pci_config_device: Bad config data: i=0x6e read: 0 device: 40 cmask: ff wmask: 0 w1cmask:19"
    )
    #expect(old.verdict == .refused)
    #expect(old.function == .emulated)
    #expect(old.machineProperties.map(\.changesAnswer) == [true])
    #expect(try check(source, destination) { $0.release = version("7.2") }.verdict == .refused)
    #expect(try check(source, destination) { $0.release = version("8.1") }.verdict == .accepted)
  }

  /// Offset, the bits that differ, and whether QEMU refuses them.
  @Test(arguments: [
    (0x04, 0x07, false), (0x18, 0xff, false), (0x1b, 0xff, false), (0x1c, 0xf0, false),
    (0x1c, 0x01, true), (0x21, 0xff, false), (0x24, 0x01, true), (0x28, 0xff, false),
    (0x3e, 0xff, false), (0x44, 0x01, true), (0x4b, 0xc0, false), (0x4a, 0x01, true),
    (0x5c, 0x0f, false), (0x5e, 0x0f, false), (0x5e, 0x20, true), (0x60, 0x10, true),
    (0x66, 0xff, false), (0x67, 0xff, false), (0x68, 0x10, true), (0x6c, 0xf9, false),
    (0x6d, 0x0f, false), (0x6e, 0x19, false), (0x70, 0x07, false), (0x7c, 0x20, false),
    (0x90, 0xff, false), (0x103, 0x10, true), (0x104, 0x30, false), (0x105, 0x01, true),
    (0x10c, 0x10, false), (0x12c, 0x07, false), (0x12c, 0x08, true), (0x133, 0xf8, false),
    (0x14e, 0x5f, false), (0x14c, 0x01, true), (0x200, 0xff, false),
  ])
  func aPortHasMasksOfItsOwn(offset: Int, bits: Int, isRefused: Bool) throws {
    var stream = SamplePort.bytes()
    stream[offset] ^= UInt8(bits)
    let check = try check(stream, SamplePort.bytes())
    #expect(check.refused.map(\.offset) == (isRefused ? [offset] : []))
  }

  @Test func aBridgeThatIsNoneOfQEMUsIsNotPredicted() throws {
    var bytes = SamplePort.bytes()
    bytes.replaceSubrange(0..<4, with: [0x22, 0x10, 0x83, 0x14])
    let check = try check(bytes, bytes)
    #expect(check.verdict == .unknown)
    #expect(!check.isAccepted)
    #expect(check.function == nil)
    #expect(check.unknowns.first?.contains("vfio-pci's endpoints") == true)
    // Nor is any bridge one of vfio-pci's.
    let port = SamplePort.bytes()
    #expect(try self.check(port, port) { $0.function = .assigned }.verdict == .unknown)
  }

  @Test func theIdsTellWhoseFunctionItIs() throws {
    let virtio = try DumpCorpus.devices(Fixture.path("qemu-virtio-net-ats"))[0].space
    #expect(QEMUFunction(likelyOf: virtio) == .emulated)
    #expect(QEMUFunction(likelyOf: try SamplePort.space()) == .emulated)
    var bytes = virtio.bytes
    bytes.replaceSubrange(0x2c..<0x30, with: [0xb3, 0x15, 1, 0])
    #expect(QEMUFunction(likelyOf: try ConfigSpace(bytes)) == .assigned)
    bytes.replaceSubrange(0..<4, with: [0x48, 0x43, 0x53, 0x32])
    #expect(QEMUFunction(likelyOf: try ConfigSpace(bytes)) == .assigned)
  }

  @Test func theLinkStatusOfAnEmulatedFunctionIsNotCompared() throws {
    let local = try DumpCorpus.devices(Fixture.path("qemu-virtio-net-ats"))[0].space
    let express = try #require(local.capabilityList.first(.pciExpress)).offset
    var bytes = local.bytes
    bytes[express + 0x12] ^= 0x3
    #expect(try check(bytes, local.bytes).verdict == .accepted)
    let assigned = try check(bytes, local.bytes) { $0.function = .assigned }
    #expect(assigned.refused.map(\.offset) == [express + 0x12])
  }

  /// A conventional function of QEMU's has 256 bytes, whatever a reader shows behind them.
  @Test(arguments: [0x00, 0xff])
  func anEmulatedFunctionWithoutPCIExpressIsShort(rest: Int) throws {
    var bytes = [UInt8](repeating: 0, count: 256)
    bytes.replaceSubrange(0..<4, with: [0x36, 0x1b, 0x02, 0x00])
    let long = bytes + [UInt8](repeating: UInt8(rest), count: 3840)
    #expect(try check(bytes, long).verdict == .accepted)
    #expect(try check(long, bytes).verdict == .accepted)
  }

  // MARK: BARs

  /// An endpoint of somebody's with a 64-bit BAR at `address`.
  private func endpoint(_ address: UInt64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    bytes.replaceSubrange(0..<4, with: [0x4d, 0x14, 0x08, 0xa8])
    for place in 0..<8 {
      bytes[0x10 + place] = UInt8(truncatingIfNeeded: address >> UInt64(8 * place))
    }
    bytes[0x10] |= 0x04
    return bytes
  }

  @Test func aLargerBARIsRefusedWhereTheAddressIsNoMultipleOfIt() throws {
    let (stream, local) = (endpoint(0xfe80_4000), endpoint(0xc000_0000))
    let large = try check(stream, local) { $0.barSizes = [0: 0x1_0000] }
    #expect(
      large.message
        == "get_pci_config_device: Bad config data: i=0x11 read: 40 device: 0 cmask: ff wmask: 0 w1cmask:0"
    )
    #expect(try check(stream, local) { $0.barSizes = [0: 0x4000] }.verdict == .accepted)
    let smaller = try check(stream, local) {
      $0.barSizes = [0: 0x1000]
      $0.sourceBARSizes = [0: 0x4000]
    }
    #expect(smaller.verdict == .accepted)
    #expect(smaller.notes.contains { $0.contains("reach behind") })
    let unknown = try check(stream, local)
    #expect(unknown.verdict == .unknown)
    #expect(unknown.unknowns.first?.contains("depends on the BAR size, not known") == true)
    #expect(unknown.unknowns.first?.contains("16KiB") == true)
  }

  /// An address that firmware chose bounds the size, and no address is a multiple of any.
  @Test(arguments: [(0xfe80_0000, 0xc080_4000), (0, 0xc000_0000)] as [(UInt64, UInt64)])
  func someAddressesNeedNoSize(guest: UInt64, own: UInt64) throws {
    #expect(try check(endpoint(guest), endpoint(own)).verdict == .accepted)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func theAnswerAboutABARIsThatOfItsBytes(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let size = UInt64(1) << (4 + random.next() % 30)
    let address = random.next() & 0xff_ffff_fff0
    let local = endpoint(random.next() & ~0xf & 0xffff_ffff)
    let check = try check(endpoint(address), local) { $0.barSizes = [0: size] }
    #expect((check.verdict == .accepted) == (address % size == 0))
  }

  @Test func aVirtualFunctionsOwnSpaceHasNoIds() throws {
    var local = endpoint(0)
    local.replaceSubrange(0..<4, with: [0xff, 0xff, 0xff, 0xff])
    let check = try check(endpoint(0), local)
    #expect(check.verdict == .unknown)
    #expect(check.refused.isEmpty)
  }

  // MARK: Groups

  @Test(arguments: 0..<100 as Range<UInt64>)
  func groupsHoldEveryByteOnce(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let local = SamplePort.bytes()
    var stream = local
    for _ in 0..<(random.next() % 64) {
      stream[Int(random.next() % 4096)] ^= UInt8(truncatingIfNeeded: random.next())
    }
    let check = try check(stream, local)
    let grouped = check.groups.flatMap { $0.runs.flatMap(\.self) }
    #expect(grouped.sorted { $0.offset < $1.offset } == check.refused)
    for group in check.groups {
      #expect(group.byteCount == group.runs.map(\.count).reduce(0, +))
      #expect(
        group.runs.allSatisfy { run in
          zip(run, run.dropFirst()).allSatisfy { $0.offset + 1 == $1.offset }
        })
    }
    #expect(check.groups.first?.runs.first?.first == check.refused.first)
    #expect((check.verdict == .refused) == !check.refused.isEmpty)
    #expect(check.waysOut.isEmpty == check.refused.isEmpty)
  }

  @Test func aByteOfACapabilityThatOnlyTheStreamHasIsNamedByIt() throws {
    // An extended capability at 0x200 that only the stream has, where the destination's last one
    // still reaches.
    let local = endpoint(0)
    var first = local
    first.replaceSubrange(0x06..<0x08, with: [0x10, 0])
    first[0x34] = 0x40
    first.replaceSubrange(0x40..<0x42, with: [0x10, 0])
    first[0x42] = 0x02
    first.replaceSubrange(0x100..<0x104, with: [0x03, 0, 0x01, 0])
    var stream = first
    stream.replaceSubrange(0x100..<0x104, with: [0x03, 0, 0x01, 0x20])
    stream.replaceSubrange(0x200..<0x204, with: [0x18, 0, 0x01, 0])
    let check = try check(stream, first)
    #expect(check.refused.map(\.offset) == [0x103, 0x200, 0x202])
    #expect(check.groups.map(\.owner).last?.hasPrefix("the stream's Latency Tolerance") == true)
  }
}
