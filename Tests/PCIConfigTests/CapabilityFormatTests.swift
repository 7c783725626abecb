import PCIConfig
import PCITestSupport
import TestSupport
import Testing

@Suite struct CapabilityTableTests {
  @Test(arguments: CapabilityFormat.all.map(\.id))
  func registersAreSound(id: CapabilityID) throws {
    let table = try #require(CapabilityFormat.format(for: id))
    for register in table.registers {
      #expect(register.offset >= (id.isExtended ? 4 : 2), "\(register.name) lies in the header")
      #expect(register.fields.allSatisfy { $0.bits.upperBound < 8 * register.byteCount })
      #expect(Set(register.fields.map(\.name)).count == register.fields.count)
      #expect(
        register.fields.map(\.bits.lowerBound) == register.fields.map(\.bits.lowerBound).sorted())
      #expect(!register.name.contains("."))
    }
    #expect(id.description == table.name)
  }

  @Test func issueListIsCovered() {
    let wanted: [CapabilityID] = [
      .powerManagement, .msi, .msix, .pciExpress, .vendorSpecific, .vitalProductData,
      .subsystemID, .advancedFeatures, .enhancedAllocation, .advancedErrorReporting,
      .deviceSerialNumber, .alternativeRoutingID, .addressTranslationServices, .pageRequest,
      .pasid, .accessControlServices, .singleRootIOV, .resizableBAR, .virtualChannel,
      .latencyToleranceReporting, .l1PMSubstates, .precisionTimeMeasurement,
      .downstreamPortContainment, .tphRequester, .vendorSpecificExtended,
      .designatedVendorSpecific, .dataObjectExchange, .secondaryPCIExpress, .dataLinkFeature,
      .physicalLayer16GT, .physicalLayer32GT, .physicalLayer64GT, .laneMargining, .device3,
      .frsQueueing, .multicast, .powerBudgeting,
    ]
    #expect(wanted.allSatisfy { CapabilityFormat.format(for: $0) != nil })
  }

  // PCI Local Bus 3.0, 6.8.1: 64-bit addresses add 4 bytes, masks for each vector add 10.
  @Test(arguments: [(0x0000, 10), (0x0080, 14), (0x0100, 20), (0x0180, 24)] as [(UInt16, Int)])
  func msiLength(control: UInt16, length: Int) throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x05, at: 0x50)
    builder.store16(control, at: 0x52)
    let space = try builder.space
    let capability = try #require(space.capabilityList.first(.msi))
    #expect(capability.length == length)
    let names = space.registers(of: capability).map(\.name)
    #expect(names.contains("Mask") == (control & 0x100 != 0))
    #expect(Set(names).count == names.count)
    #expect(space.register("Address", of: capability)?.range.count == (control & 0x80 != 0 ? 8 : 4))
  }

  @Test(
    arguments: [
      (2, 0, 60), (2, 9, 60), (1, 0, 20), (1, 1, 20), (1, 9, 12), (1, 4, 36), (1, 10, 36),
    ] as [(UInt16, UInt16, Int)])
  func expressLength(version: UInt16, type: UInt16, length: Int) throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x10, at: 0x40)
    builder.store16(version | type << 4, at: 0x42)
    let space = try builder.space
    let capability = try #require(space.capabilityList.first(.pciExpress))
    #expect(capability.length == length)
    #expect((space.register("LnkCap", of: capability) != nil) == (type != 9 && type != 10))
    #expect((space.register("DevCap2", of: capability) != nil) == (version == 2))
  }

  /// Length of an extended capability with this body, in a function with four lanes.
  private func length(_ id: UInt16, version: UInt8 = 1, _ body: [UInt8] = []) throws -> Int? {
    var builder = SpaceBuilder()
    builder.addExpress()
    builder.add(extended: id, version: version, at: 0x100, body)
    return try builder.space.capabilityList.first(CapabilityID(extended: id))?.length
  }

  @Test func lengthsFollowTheRegisters() throws {
    #expect(try length(0x0001) == 0x2c)
    #expect(try length(0x0002, [7, 0, 0, 0]) == 0x10 + 8 * 12)
    // One channel, a port arbitration table of 256 phases of 4 bits at 0x20.
    #expect(
      try length(0x0002, [0, 8, 0, 0] + [UInt8](repeating: 0, count: 8) + [0x20, 0, 0, 2]) == 0x20
        + 128)
    #expect(try length(0x000b, [1, 0, 0x11, 0x05]) == 0x51)
    #expect(try length(0x000d, [0x1f, 0]) == 8)
    #expect(try length(0x000d, [0x3f, 33]) == 16)
    #expect(try length(0x000d, [0x3f, 0]) == 40)
    #expect(try length(0x0010) == 64)
    #expect(try length(0x0012) == 0x28)
    #expect(try length(0x0015, [0, 0, 0, 0, 0x60]) == 4 + 3 * 8)
    #expect(try length(0x0017, [0, 2, 6, 0]) == 12 + 16)
    #expect(try length(0x0017, [0, 4, 6, 0]) == 12)
    #expect(try length(0x0019) == 12 + 8)
    #expect(try length(0x001d) == 12)
    #expect(try length(0x001d, [0x20, 5]) == 0x20 + 20)
    #expect(try length(0x001e, version: 2) == 20)
    #expect(try length(0x0023, [0x98, 0x1e, 0x81, 0x03]) == 0x38)
    #expect(try length(0x0026) == 0x24)
    #expect(try length(0x0027) == 8 + 16)
  }

  @Test func enhancedAllocationEntriesAreFollowed() throws {
    var builder = SpaceBuilder(byteCount: 256)
    // Two entries: three words without upper halves, then five with both.
    builder.add(standard: 0x14, at: 0x40, [2, 0])
    builder.store32(0x8000_0002, at: 0x44)
    builder.store32(0x8000_0014, at: 0x50)
    builder.store32(0x0000_1002, at: 0x54)
    builder.store32(0x000f_fffe, at: 0x58)
    builder.store32(0x0000_0008, at: 0x5c)
    let space = try builder.space
    let capability = try #require(space.capabilityList.first(.enhancedAllocation))
    #expect(capability.length == 4 + 12 + 20)
    #expect(space.register("EABaseUpper1", of: capability)?.value == 8)
    #expect(space.register("EABaseUpper0", of: capability) == nil)
  }

  @Test func portsHaveSlotAndRootRegisters() throws {
    var builder = SpaceBuilder()
    builder.store8(1, at: 0x0e)
    builder.addExpress(type: 4)
    let bare = try builder.space
    let capability = try #require(bare.capabilityList.first(.pciExpress))
    #expect(bare.register("SltCap", of: capability) == nil)
    #expect(bare.register("RootCtl", of: capability) != nil)
    builder.bytes[0x43] |= 1
    #expect(try builder.space.register("SltCap", of: capability) != nil)
  }

  @Test func virtioCapabilitiesAreNamed() throws {
    let device = try #require(try DumpCorpus.devices(DumpCorpus.own[2]).first)
    let space = device.space
    let offsets = space.capabilityList.all(.vendorSpecific).map { capability in
      (
        space.register("cfg_type", of: capability)?.fields.first?.text,
        space.register("offset", of: capability)?.value
      )
    }
    #expect(
      offsets.map(\.0) == ["PCI configuration access", "Notify", "DeviceCfg", "ISR", "CommonCfg"])
    #expect(offsets.map(\.1) == [0, 0x3000, 0x2000, 0x1000, 0])
  }

  @Test func fieldsReadAsPeopleWriteThem() throws {
    var builder = SpaceBuilder()
    builder.addExpress()
    builder.add(standard: 0x11, at: 0x80, [0x20, 0x80, 0x04, 0x20, 0, 0, 0x04, 0x30, 0, 0])
    builder.add(extended: 0x001b, at: 0x100, [0x06, 0x14, 1, 0])
    builder.add(extended: 0x000f, at: 0x110, [0x60, 0, 0, 0])
    builder.add(extended: 0x0018, at: 0x120, [3, 0x10, 3, 0x10])
    let space = try builder.space
    func text(_ id: CapabilityID, _ register: String, _ field: String) throws -> String? {
      let capability = try #require(space.capabilityList.first(id))
      return space.register(register, of: capability)?.fields.first { $0.name == field }?.text
    }
    #expect(try text(.msix, "MsgCtl", "Count") == "33")
    #expect(try text(.msix, "Table", "Offset") == "0x00002000")
    #expect(try text(.msix, "Table", "BAR") == "4")
    #expect(try text(.pasid, "PASIDCap", "MaxWidth") == "20 bits")
    #expect(try text(.pasid, "PASIDCap", "Priv") == "+")
    #expect(try text(.addressTranslationServices, "ATSCap", "InvalidateQueueDepth") == "32")
    #expect(try text(.latencyToleranceReporting, "MaxSnoopLatency", "Latency") == "3145728ns")
    #expect(try text(.pciExpress, "LnkCap", "Speed") == "8GT/s")
    #expect(try text(.pciExpress, "DevCtl", "MaxPayload") == "128 bytes")
  }
}
