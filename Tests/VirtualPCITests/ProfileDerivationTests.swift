import PCIConfig
import PCITestSupport
import Testing
import VirtualPCI

@Suite struct ProfileDerivationTests {
  private func options(_ pasid: DerivationOptions.PASID) -> DerivationOptions {
    var options = DerivationOptions()
    options.pasid = pasid
    return options
  }

  /// What two drives of different makers must show, whoever made them.
  private func expectOneProfile(_ first: HostFunction, _ second: HostFunction, at offset: Int)
    throws
  {
    let derivation = try ProfileDerivation(from: [first, second], options: options(.width(16)))
    let layout = try Fixture.layout(derivation.text)
    #expect(layout.digest == derivation.layout.digest)
    for host in [first, second] {
      #expect(layout.check(host, iommu: IOMMUFacts(pasidWidth: 20)).reasons.isEmpty)
      let check = layout.check(host)
      #expect(check.reasons.isEmpty)
      #expect(check.unknowns.map(\.capability) == ["pasid"])
      #expect(check.unknowns.map(\.field) == ["width"])
    }
    let space = try ConfigSpace(layout.synthesized)
    #expect(space.byteCount == 4096)
    #expect(space.capabilityList.findings.isEmpty)
    let pasid = try #require(space.capabilityList.first(.pasid))
    #expect(pasid.offset == offset)
    #expect(space.u16(at: offset + 4) == 16 << 8)
    if Lspci.isInstalled {
      let text = try Lspci.decode(layout.synthesized)
      #expect(Lspci.complaints(text) == [])
      #expect(text.contains("[\(String(offset, radix: 16)) v1] Process Address Space ID (PASID)"))
      // lspci prints the width in hexadecimal.
      #expect(text.contains("Max PASID Width: 10"))
    }
  }

  @Test(.enabled(if: Fixture.hasThirdPartyDumps, "third parties' dumps are absent"))
  func twoMakersDrivesEndUpWithOneProfile() throws {
    try expectOneProfile(
      try Fixture.host("kingston-kc3000-nvme-5013"), try Fixture.host("samsung-nvme-a808"),
      at: 0xff8)
  }

  @Test func anEmulatedAndABuiltDriveEndUpWithOneProfile() throws {
    // QEMU's drive has no extended capability to keep, so PASID has to begin the list.
    try expectOneProfile(try Fixture.host("qemu-nvme-pf-vfs-on"), try Fixture.drive(), at: 0x100)
  }

  @Test func everyFieldIsAtWhatTheLeastSupports() throws {
    let hosts = [
      try Fixture.drive(vectors: 64, pasidWidth: 20, queueDepth: 0),
      try Fixture.drive(vectors: 9, pasidWidth: 17, queueDepth: 8),
    ]
    let derivation = try ProfileDerivation(from: hosts)
    let layout = derivation.layout
    #expect(layout.first(.msix).map { $0.value("control") & 0x7ff } == 8)
    // A queue depth of 0 counts as 32, so 8 is the least.
    #expect(layout.first(.addressTranslationServices).map { $0.value("capabilities") } == 0x28)
    #expect(layout.first(.pasid).map { $0.value("capabilities") } == UInt32(0x1106))
    for host in hosts { #expect(layout.check(host).reasons.isEmpty) }
    let lowered = derivation.report.entries.filter { $0.settlement == .lowered }.map(\.field)
    #expect(lowered.contains("table size"))
    #expect(lowered.contains("invalidate queue depth"))
    #expect(lowered.contains("width and permissions"))
  }

  @Test(
    .enabled(if: Fixture.hasThirdPartyDumps, "third parties' dumps are absent"))
  func graphicsProcessorsPassByThemselvesAtTheWidthThatAllHave() throws {
    let hosts = try [
      "intel-adl-igpu-sriov-pasid-ats-pri", "pciutils-amd-fiji-7300-pasid-ats-pri-rebar",
    ].map { try Fixture.host($0) }
    let layout = try ProfileDerivation(from: hosts).layout
    let widths = try hosts.map { host in
      try #require(host.find(.pasid)).value(at: 4, byteCount: 2) >> 8 & 0x1f
    }
    #expect(layout.first(.pasid).map { $0.value("capabilities") >> 8 } == widths.min())
    #expect(layout.first(.addressTranslationServices) != nil)
    #expect(layout.first(.pageRequest) != nil)
    for host in hosts { #expect(layout.check(host).canCarry) }
  }

  @Test func aVirtualFunctionTakesFromItsPhysicalOne() throws {
    let host = try Fixture.host("qemu-nvme-vf0", parent: "qemu-nvme-pf-vfs-on")
    let derivation = try ProfileDerivation(from: [host])
    let space = try ConfigSpace(derivation.layout.synthesized)
    #expect((space.vendorID, space.deviceID) == (0x1b36, 0x0010))
    #expect(space.u8(at: 0x3d) == 0)
    #expect(space.u32(at: 0x10) == 0x4)
    let command = try #require(derivation.layout.registers.first { $0.offset == 4 })
    let memory = try #require(command.parts.first { $0.bits == 2 })
    #expect(memory.access == .emulated)
    #expect(derivation.layout.check(host).canCarry)
  }

  @Test func aVirtualFunctionAloneSaysWhatIsMissing() throws {
    let space = try DumpCorpus.devices(Fixture.path("qemu-nvme-vf0"))[0].space
    let error = #expect(throws: DerivationError.self) {
      try ProfileDerivation(from: [HostFunction(space, label: "vf")])
    }
    #expect(error?.reasons.first?.contains("--pf") == true)
    #expect(error?.reasons.first?.contains("--identity") == true)
    let named = HostFunction(space, label: "vf", identity: (0x1b36, 0x0010))
    let derivation = try ProfileDerivation(from: [named])
    #expect(derivation.profile.identity.vendor == 0x1b36)
    #expect(derivation.profile.bars.map(\.isAssumed) == [true])
  }

  @Test func aFileWithBothFunctionsNeedsNoHelp() throws {
    let devices =
      try DumpCorpus.devices(Fixture.path("qemu-nvme-pf-vfs-on"))
      + DumpCorpus.devices(Fixture.path("qemu-nvme-vf0"))
    let functions = try HostFunction.functions(
      in: ConfigSpaceDump(devices), slot: nil, name: "both", facts: .init())
    #expect(functions.map(\.isVirtualFunction) == [true])
    #expect(functions.first?.vendorID == 0x1b36)
  }

  @Test func sharedCapabilitiesOfAVirtualFunctionAreItsParents() throws {
    var parent = SpaceBuilder(vendor: 0xcafe, device: 1)
    parent.addExpress()
    parent.add(extended: 0x10, at: 0x100, [UInt8](repeating: 0, count: 0x3c))
    parent.store16(0x00aa, at: 0x100 + 0x1a)
    parent.store32(0x0000_000c, at: 0x100 + 0x24)
    parent.add(extended: 0x0f, at: 0x150)
    parent.add(extended: 0x13, at: 0x160)
    parent.store32(64, at: 0x168)
    parent.add(extended: 0x1b, at: 0x180)
    parent.store16(18 << 8, at: 0x184)
    var child = SpaceBuilder(vendor: 0xffff, device: 0xffff)
    child.store32(0x0200_0000, at: 8)
    child.addExpress()
    child.add(extended: 0x0f, at: 0x100)
    let host = HostFunction(try child.space, label: "vf", physicalFunction: try parent.space)
    let layout = try ProfileDerivation(from: [host]).layout
    #expect(layout.profile.identity.device == 0x00aa)
    #expect(layout.profile.bars.map(\.isPrefetchable) == [true])
    #expect(layout.first(.pageRequest).map { $0.value("capacity") } == 64)
    #expect(layout.first(.pasid).map { $0.value("capabilities") >> 8 } == 18)
    #expect(layout.check(host).canCarry)
  }

  @Test func volatileStatusAndWhatTheHostOwnsAreLeftOut() throws {
    let derivation = try ProfileDerivation(from: [try Fixture.host("qemu-nvme-pf-vfs-on")])
    let ids = derivation.layout.capabilities.map(\.id)
    #expect(!ids.contains(.singleRootIOV))
    #expect(!ids.contains(.alternativeRoutingID))
    let dropped = derivation.report.entries.filter { $0.settlement == .dropped }.map(\.capability)
    #expect(dropped.contains("Single Root I/O Virtualization (SR-IOV)"))
  }

  @Test func theMSIXPlaceOfOthersIsReported() throws {
    let hosts = [try Fixture.host("qemu-nvme-pf-vfs-on"), try Fixture.drive()]
    let derivation = try ProfileDerivation(from: hosts)
    let relocated = derivation.report.entries.filter { $0.settlement == .relocated }
    #expect(relocated.map { $0.found.map(\.device) } == [["drive"]])
    let map = AccessMap(derivation.layout, on: hosts[1])
    #expect(map.msix?.relocate == true)
    #expect(map.msix?.physicalTable?.offset == 0x3000)
    #expect(AccessMap(derivation.layout, on: hosts[0]).msix?.relocate == false)
  }

  @Test func virtioKeepsItsStructuresAndItsWindow() throws {
    let host = try Fixture.host("qemu-virtio-net-ats")
    let layout = try ProfileDerivation(from: [host]).layout
    #expect(layout.capabilities.filter { $0.id == .vendorSpecific }.count == 5)
    #expect(layout.check(host).canCarry)
    #expect(layout.profile.bars.first { $0.index == 4 }?.size == 16384)
    let map = AccessMap(layout, on: host)
    #expect(map.ranges.contains { $0.kind == .physical && $0.owner.hasPrefix("vendor") })
  }

  @Test(arguments: ["01", "00"])
  func aKnownFaultHidesTheCapability(revision: String) throws {
    var builder = SpaceBuilder(vendor: 0x8086, device: 0x1452)
    builder.store8(revision == "01" ? 0x01 : 0x20, at: 8)
    builder.addExpress()
    builder.add(extended: 0x0f, at: 0x100)
    let host = HostFunction(try builder.space, label: "ipu")
    let derivation = try ProfileDerivation(from: [host])
    let isFaulty = revision == "01"
    #expect((derivation.layout.first(.addressTranslationServices) == nil) == isFaulty)
    #expect(derivation.report.entries.contains { $0.settlement == .quirk } == isFaulty)
  }

  /// A profile from a dump that lacks part of a list would promise less than the device has.
  @Test(arguments: [64, 256, 0x120])
  func aCutDumpIsRefused(count: Int) throws {
    let whole = try Fixture.drive()
    let cut = HostFunction(
      try ConfigSpace(Array(whole.space.bytes[..<count]), isWhole: false), label: "cut",
      address: PCIAddress("3b:00.0"))
    for hosts in [[cut], [whole, cut], [cut, whole]] {
      let error = #expect(throws: DerivationError.self) { try ProfileDerivation(from: hosts) }
      #expect(error?.description.contains("does not hold") == true || count == 0x120)
      #expect(error?.description.contains("lspci -xxxx -s 0000:3b:00.0") == true)
    }
  }

  @Test func aBrokenListIsRefusedOrReported() throws {
    var bytes = try Fixture.drive().space.bytes
    for index in 0x40..<4096 { bytes[index] = 0xff }
    let gone = HostFunction(try ConfigSpace(bytes), label: "gone")
    #expect(throws: DerivationError.self) { try ProfileDerivation(from: [gone]) }
    // A loop hides nothing that the function still shows to the kernel.
    var loop = try Fixture.drive().space
    let last = try #require(loop.capabilityList.capabilities.last { !$0.isExtended })
    bytes = loop.bytes
    bytes[last.offset + 1] = bytes[0x34]
    loop = try ConfigSpace(bytes)
    let derivation = try ProfileDerivation(from: [HostFunction(loop, label: "loop")])
    #expect(derivation.report.entries.contains { $0.settlement == .broken })
    #expect(derivation.report.warnings.count == 1)
    #expect(derivation.report.warnings.first?.contains("loops back") == true)
  }

  // MARK: TLP prefixes

  /// A function with PASID, of an Express type, whose Device Capabilities 2 are `second`.
  private func function(type: UInt16, second: UInt32, vendor: UInt16 = 0x8086) throws
    -> HostFunction
  {
    var builder = SpaceBuilder(vendor: vendor, device: 0x0b25)
    builder.addExpress(at: 0x40, type: type)
    builder.store32(second, at: 0x64)
    builder.add(extended: 0x1b, at: 0x100)
    builder.store16(20 << 8, at: 0x104)
    return HostFunction(try builder.space, label: "\(type) \(second)")
  }

  /// The Express type, what the devices have, and what the profile shows of Extended Fmt (bit 20)
  /// and TLP prefixes (bit 21, their number in 22 and 23).
  @Test(
    arguments: [
      // An endpoint's dump that shows no prefix is taken to be of a kernel that hides it.
      (0, [0], 0x0070_0000), (0, [0x0070_0000], 0x0070_0000), (0, [0x00b0_0000], 0x00b0_0000),
      (0, [0x0060_0000], 0x0060_0000), (0, [0x0030_0000], 0x0030_0000),
      // A number of 0 stands for 4, and the least counts.
      (0, [0x0030_0000, 0x00b0_0000], 0x00b0_0000), (0, [0x0070_0000, 0x0030_0000], 0x0070_0000),
      (0, [0x0070_0000, 0x0060_0000], 0x0060_0000), (0, [0x0070_0000, 0], 0x0070_0000),
      // An integrated endpoint may have neither.
      (9, [0], 0), (9, [0x0010_0000], 0x0010_0000), (9, [0x0070_0000], 0x0070_0000),
    ] as [(UInt16, [UInt32], UInt32)])
  func aDerivedProfileKeepsTheDevicesPrefixes(
    type: UInt16, devices: [UInt32], shown: UInt32
  ) throws {
    let hosts = try devices.map { try function(type: type, second: $0) }
    let derivation = try ProfileDerivation(from: hosts)
    for layout in [derivation.layout, try Fixture.layout(derivation.text)] {
      let express = try #require(layout.first(.pciExpress)).offset
      let space = try ConfigSpace(layout.synthesized)
      #expect(space.u32(at: express + 0x24).map { $0 & 0x00f0_0000 } == shown)
      for host in hosts { #expect(layout.check(host).canCarry) }
    }
  }

  @Test func anotherVendorsIdsAreWarnedOf() throws {
    let own = try function(type: 0, second: 0)
    let other = try function(type: 0, second: 0, vendor: 0x144d)
    let derivation = try ProfileDerivation(from: [own, other])
    #expect(derivation.report.warnings.count == 1)
    #expect(derivation.report.warnings.first?.contains("144d:0b25") == true)
    let warned = derivation.layout.check(other).warnings.filter { $0.field == "ids" }
    #expect(warned.map(\.wanted) == ["8086:0b25"])
    #expect(warned.map(\.found) == ["144d:0b25"])
    #expect(derivation.layout.check(own).warnings.allSatisfy { $0.field != "ids" })
    #expect(try ProfileDerivation(from: [own, own]).report.warnings.isEmpty)
    // Ids that the operator gives may be nobody's at hand.
    var options = DerivationOptions()
    options.ids = (0x1af4, 0x1041)
    #expect(try ProfileDerivation(from: [own], options: options).report.warnings.count == 1)
  }
}
