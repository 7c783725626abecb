import ByteIO
import PCIConfig
import PCITestSupport
import Reports
import TestSupport
import Testing

@Suite struct CapabilityWalkTests {
  private func codes(_ builder: SpaceBuilder) throws -> [ConfigSpaceFinding.Code] {
    try builder.space.capabilityList.findings.map(\.code)
  }

  @Test func listsAreWalkedInTheirOrder() throws {
    var builder = SpaceBuilder()
    builder.addExpress(at: 0x80)
    builder.add(standard: 0x01, at: 0x40, [3, 0])
    builder.add(standard: 0x11, at: 0x50)
    builder.add(extended: 0x0001, version: 2, at: 0x100)
    builder.add(extended: 0x001b, at: 0xff8)
    builder.add(extended: 0x0035, version: 7, at: 0x200, [1, 2, 3, 4])
    let list = try builder.space.capabilityList
    #expect(list.findings.isEmpty)
    #expect(list.capabilities.map(\.offset) == [0x80, 0x40, 0x50, 0x100, 0xff8, 0x200])
    #expect(list.capabilities.map(\.version) == [2, 3, nil, 2, 1, 7])
    #expect(list.capabilities.map(\.length) == [60, 8, 12, 0x2c, 8, 8])
    #expect(list.capabilities.map(\.isLengthKnown) == [true, true, true, true, true, false])
    #expect(list.capabilities.last?.id.description == "Unknown 0x0035")
    #expect(list.first(.pasid)?.next == 0x200)
  }

  @Test func withoutTheStatusBitThereIsNoList() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x01, at: 0x40)
    builder.store16(0, at: 0x06)
    #expect(try builder.space.capabilityList.capabilities.isEmpty)
  }

  @Test func aListWithoutAPointerIsFound() throws {
    var builder = SpaceBuilder()
    builder.store16(0x10, at: 0x06)
    builder.add(extended: 0x0001, version: 2, at: 0x100)
    #expect(try codes(builder) == [.missingList, .extendedWithoutPCIExpress])
    builder.store16(0, at: 0x06)
    #expect(try codes(builder) == [.extendedWithoutPCIExpress])
  }

  // The low bits are reserved; lspci and the kernel mask them.
  @Test func lowBitsOfPointersAreMasked() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x01, at: 0x40)
    builder.add(standard: 0x05, at: 0x50)
    builder.store8(0x43, at: 0x34)
    builder.store8(0x52, at: 0x41)
    #expect(try builder.space.capabilityList.capabilities.map(\.offset) == [0x40, 0x50])
  }

  @Test func loopsEnd() throws {
    var builder = SpaceBuilder()
    builder.addExpress(at: 0x40)
    builder.add(standard: 0x01, at: 0x80)
    builder.store8(0x40, at: 0x81)
    builder.add(extended: 0x0003, at: 0x100)
    builder.add(extended: 0x000e, at: 0x140)
    builder.store16(0x1001, at: 0x142)
    let list = try builder.space.capabilityList
    #expect(list.capabilities.count == 4)
    #expect(list.findings.map(\.code) == [.loop, .loop])
    #expect(list.findings.map(\.offset) == [0x81, 0x142])
  }

  @Test func pointersIntoTheHeaderEndTheList() throws {
    for target in stride(from: UInt8(4), to: 0x40, by: 4) {
      var builder = SpaceBuilder(byteCount: 256)
      builder.add(standard: 0x01, at: 0x40)
      builder.store8(target, at: 0x41)
      #expect(try codes(builder) == [.pointerIntoHeader])
    }
    for target in stride(from: UInt16(4), to: 0x100, by: 4) {
      var builder = SpaceBuilder()
      builder.addExpress()
      builder.add(extended: 0x0003, at: 0x100)
      builder.store16(target << 4 | 1, at: 0x102)
      #expect(try codes(builder) == [.pointerIntoHeader])
    }
  }

  @Test func pointersOutsideTheSpaceEndTheList() throws {
    var short = SpaceBuilder(byteCount: 64)
    short.store16(0x10, at: 0x06)
    short.store8(0x40, at: 0x34)
    #expect(try codes(short) == [.pointerOutOfRange])
    var builder = SpaceBuilder(byteCount: 0x180)
    builder.addExpress()
    builder.add(extended: 0x0003, at: 0x100)
    builder.store16(0x1801, at: 0x102)
    #expect(try codes(builder) == [.pointerOutOfRange])
  }

  @Test func onesEndTheList() throws {
    var builder = SpaceBuilder()
    builder.addExpress()
    builder.store8(0xa0, at: 0x41)
    builder.store16(0xffff, at: 0xa0)
    builder.store32(0xffff_ffff, at: 0x100)
    #expect(try codes(builder) == [.onesInsteadOfCapability, .onesInsteadOfCapability])
    #expect(
      try ConfigSpace([UInt8](repeating: 0xff, count: 256)).capabilityList.findings.map(\.code)
        == [.allOnes])
  }

  @Test func unknownHeadersEndTheList() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x01, at: 0x40)
    builder.add(standard: 0x05, at: 0x80)
    let space = try ConfigSpace(builder.bytes, unknownRanges: [0x80..<0x90])
    #expect(space.capabilityList.capabilities.count == 1)
    #expect(space.capabilityList.findings.map(\.code) == [.unknownBytes])
    builder.store8(0x7e, at: 0x0e)
    #expect(try codes(builder) == [.unknownHeaderType])
  }

  /// How much of a function with capabilities at 0x40 (PCI Express), 0x90, 0x100 and 0x200 a dump
  /// shows; whether MSI, AER and PASID are there.
  @Test(arguments: [
    (64, ["unknown", "unknown", "unknown"]), (0x90, ["unknown", "unknown", "unknown"]),
    (0x92, ["present", "unknown", "unknown"]), (256, ["present", "unknown", "unknown"]),
    (0x102, ["present", "unknown", "unknown"]), (0x180, ["present", "present", "unknown"]),
    (0x204, ["present", "present", "present"]), (4096, ["present", "present", "present"]),
  ])
  func whatADumpDoesNotHoldIsNotAbsent(count: Int, answers: [String]) throws {
    var builder = SpaceBuilder()
    builder.addExpress(at: 0x40)
    builder.add(standard: 0x05, at: 0x90)
    builder.add(extended: 0x0001, at: 0x100)
    builder.add(extended: 0x001b, at: 0x200)
    let space = try ConfigSpace(Array(builder.bytes[..<count]), isWhole: false)
    let list = space.capabilityList
    let ids = [CapabilityID(standard: 0x05), .advancedErrorReporting, .pasid]
    let found = ids.map { id in
      switch list.presence(of: id) {
      case .present: "present"
      case .absent: "absent"
      case .unknown: "unknown"
      }
    }
    #expect(found == answers)
    let gaps = list.findings.filter { $0.isGap }
    #expect(gaps == list.findings)
    // Of a whole space of as many bytes, the same pointers lead nowhere.
    if count == 64 {
      #expect(try codes(builder, 64) == [.pointerOutOfRange])
    }
    let none = list.presence(of: .powerManagement)
    #expect((none == .absent) == (count >= 0x92))
  }

  private func codes(_ builder: SpaceBuilder, _ count: Int) throws -> [ConfigSpaceFinding.Code] {
    try ConfigSpace(Array(builder.bytes[..<count])).capabilityList.findings.map(\.code)
  }

  // Without the status bit there is no list, and without PCI Express no extended space: nothing
  // is missing.
  @Test func aConventionalFunctionIsKnownFromItsList() throws {
    var builder = SpaceBuilder(byteCount: 256)
    #expect(
      try ConfigSpace(Array(builder.bytes[..<64]), isWhole: false).capabilityList
        .presence(of: .pasid) == .absent)
    builder.add(standard: 0x01, at: 0x40)
    let list = try ConfigSpace(builder.bytes, isWhole: false).capabilityList
    #expect(list.findings.isEmpty && list.presence(of: .advancedErrorReporting) == .absent)
  }

  @Test func lengthsStopAtTheEnd() throws {
    var builder = SpaceBuilder()
    builder.add(standard: 0x10, at: 0xe0, [2, 0])
    builder.add(extended: 0x000b, at: 0x100, [1, 0, 0xf0, 0xff])
    builder.add(extended: 0x0010, at: 0xff0)
    let list = try builder.space.capabilityList
    #expect(list.findings.map(\.code).filter { $0 == .lengthPastEnd }.count == 3)
    #expect(list.capabilities.allSatisfy { $0.range.upperBound <= 4096 })
    #expect(list.first(.pciExpress)?.range.upperBound == 0x100)
    #expect(list.findings.contains { $0.code == .overlap && $0.offset == 0xff0 })
  }

  @Test func extendedCapabilitiesNeedPCIExpress() throws {
    var builder = SpaceBuilder()
    builder.add(extended: 0x0003, at: 0x100)
    #expect(try codes(builder) == [.extendedWithoutPCIExpress])
    #expect(try builder.space.capabilityList.capabilities.count == 1)
  }

  // All 2^16 pairs of first pointer and next pointer over one small space.
  @Test func everyPairOfPointersEnds() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.store16(0x10, at: 0x06)
    for first in 0...UInt8.max {
      builder.store8(first, at: 0x34)
      for next in stride(from: UInt8(0), through: 0xfc, by: 4) {
        var bytes = builder.bytes
        for offset in stride(from: 0x41, to: 256, by: 4) { bytes[offset] = next }
        let list = try ConfigSpace(bytes).capabilityList
        #expect(list.capabilities.count <= 48)
      }
    }
  }

  @Test(arguments: seeds(24))
  func randomSpacesAreDescribed(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for count in [64, 255, 256, 1000, 4096] {
      var bytes = random.bytes(count)
      bytes[0x06] |= 0x10
      bytes[0x0e] = UInt8(seed % 3)
      let device = DumpedDevice(address: nil, title: "", line: nil, space: try ConfigSpace(bytes))
      let report = ConfigSpaceReport(device)
      #expect(report.list.capabilities.allSatisfy { $0.range.upperBound <= count && $0.length > 0 })
      #expect(report.map.entries.map(\.range.count).reduce(0, +) == count)
      #expect(!report.text.isEmpty)
      #expect(!report.json.text.isEmpty)
    }
  }

  // Random registers under well-formed lists reach every table; random bytes alone seldom do.
  @Test(arguments: seeds(24))
  func randomRegistersOfEveryCapabilityAreDescribed(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = SpaceBuilder.everyCapability(using: &random)
    builder.store8(UInt8(seed % 2), at: 0x0e)
    if seed % 4 < 2 { builder.store32(0x1041_1af4, at: 0) }
    let device = DumpedDevice(address: nil, title: "", line: nil, space: try builder.space)
    let report = ConfigSpaceReport(device)
    #expect(report.list.capabilities.count == CapabilityFormat.all.count)
    #expect(!report.text.isEmpty)
    #expect(!report.json.text.isEmpty)
  }
}
