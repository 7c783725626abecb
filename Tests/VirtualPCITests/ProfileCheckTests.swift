import PCIConfig
import PCITestSupport
import QEMUStream
import TestSupport
import Testing
import VirtualPCI

@Suite struct ProfileCheckTests {
  private let wide = IOMMUFacts(pasidWidth: 20)

  private func reasons(
    _ text: String, _ host: HostFunction, _ iommu: IOMMUFacts?
  ) throws -> [String] {
    try Fixture.layout(text).check(host, iommu: iommu).reasons.map {
      "\($0.capability).\($0.field)"
    }
  }

  @Test func aGoodDevicePasses() throws {
    #expect(try reasons(Fixture.short, Fixture.drive(pasidWidth: 20), nil) == [])
  }

  @Test func noMSIXIsRefused() throws {
    let found = try Fixture.layout(Fixture.short).check(
      Fixture.drive(pasidWidth: 20, hasMSIX: false))
    #expect(found.reasons.map(\.capability) == ["msix"])
    #expect(found.reasons.map(\.found) == ["absent"])
    #expect(found.reasons.allSatisfy { !$0.why.isEmpty })
  }

  @Test func tooFewVectorsAreRefused() throws {
    let found = try Fixture.layout(Fixture.short).check(Fixture.drive(vectors: 32, pasidWidth: 20))
    #expect(found.reasons.map(\.field) == ["table size"])
    #expect(found.reasons.first?.wanted == "33 vectors")
    #expect(found.reasons.first?.found == "32 vectors")
  }

  @Test func aNarrowerPASIDIsRefused() throws {
    let found = try Fixture.layout(Fixture.short).check(Fixture.drive(pasidWidth: 15))
    #expect(found.reasons.map(\.field) == ["width"])
    #expect(found.reasons.first?.found.hasPrefix("15 bits") == true)
  }

  @Test func everyReasonIsGiven() throws {
    let text = Fixture.short.replacing(
      "page-aligned: true", with: "queue-depth: 31, global-invalidate: true"
    )
    .replacing("execute: false", with: "execute: true").replacing(
      "kind: mem64", with: "kind: mem32")
    let host = try Fixture.drive(vectors: 8, pasidWidth: 4, queueDepth: 30)
    let found = try reasons(text, host, IOMMUFacts(pasidWidth: 20))
    #expect(
      found == [
        "bars.BAR 0", "msix.table size", "ats.invalidate queue depth",
        "ats.global invalidate supported", "pasid.width", "pasid.execute permission",
      ])
  }

  /// The dump's capability, what is said of the IOMMU, and whether 16 bits pass.
  @Test(
    arguments: [
      (nil, nil, false), (20, nil, true), (15, nil, false), (nil, 16, true), (nil, 15, false),
      (20, 16, true), (20, 12, false), (12, 20, false), (nil, 0, false),
    ] as [(UInt16?, Int?, Bool)])
  func theIOMMUDecidesAndTheSmallerWidthHolds(_ item: (UInt16?, Int?, Bool)) throws {
    let report = try Fixture.layout(Fixture.short).check(
      Fixture.drive(pasidWidth: item.0), iommu: item.1.map { IOMMUFacts(pasidWidth: $0) })
    #expect(report.canCarry == item.2)
    // Without a word of the device or of the IOMMU it is not known.
    let isKnown = item.0 != nil || item.1 != nil
    #expect((report.verdict == .unknown) == !isKnown)
  }

  @Test func aCompleteDumpWithoutPASIDPassesWithAWarning() throws {
    let report = try Fixture.layout(Fixture.short).check(Fixture.drive(), iommu: wide)
    #expect(report.canCarry)
    #expect(report.warnings.contains { $0.capability == "pasid" })
    let short = HostFunction(
      try ConfigSpace(Array(Fixture.drive().space.bytes[..<256])), label: "short")
    #expect(try !Fixture.layout(Fixture.short).check(short, iommu: wide).canCarry)
  }

  @Test func permissionsAreCommon() throws {
    let text = Fixture.short.replacing("execute: false", with: "execute: true")
    #expect(try reasons(text, Fixture.drive(pasidWidth: 20), nil) == [])
    #expect(try reasons(text, Fixture.drive(pasidWidth: 20), wide) == ["pasid.execute permission"])
    let allowing = IOMMUFacts(pasidWidth: 20, allowsExecute: true)
    #expect(try reasons(text, Fixture.drive(pasidWidth: 20), allowing) == [])
  }

  @Test(arguments: [
    ("pasid-width=20", IOMMUFacts(pasidWidth: 20)),
    ("pasid-width=16,execute", IOMMUFacts(pasidWidth: 16, allowsExecute: true)),
    (
      "privileged,pasid-width=0,execute",
      IOMMUFacts(pasidWidth: 0, allowsExecute: true, allowsPrivileged: true)
    ),
  ])
  func theOperatorsWordIsRead(text: String, facts: IOMMUFacts) {
    #expect(IOMMUFacts(text) == facts)
  }

  @Test(arguments: [
    "", "20", "pasid-width=21", "pasid-width=-1", "execute", "pasid-width=1,x", "pasid-width=1,",
  ])
  func othersAreNot(text: String) {
    #expect(IOMMUFacts(text) == nil)
  }

  @Test func anUnknownBARSizeIsANote() throws {
    let report = try Fixture.layout(Fixture.short).check(Fixture.drive(pasidWidth: 20))
    #expect(report.notes.contains { $0.field == "BAR 0" })
    let space = try Fixture.drive(pasidWidth: 20).space
    let small = HostFunction(space, label: "small", barSizes: [0: 8192])
    #expect(
      try Fixture.layout(Fixture.short).check(small).reasons.map(\.field) == ["BAR 0"])
  }

  @Test func anAddressSaysThatABARIsTooSmall() throws {
    var bytes = try Fixture.drive(pasidWidth: 20).space.bytes
    bytes[0x11] = 0x10
    let host = HostFunction(try ConfigSpace(bytes), label: "aligned to 4 KiB")
    let reasons = try Fixture.layout(Fixture.short).check(host).reasons
    #expect(reasons.map(\.field) == ["BAR 0"])
    #expect(reasons.first?.found.contains("4KiB") == true)
  }

  @Test func whatTheProfileRequiresIsCompared() throws {
    let base =
      "{ at: 0x78, bits: 0x7000, source: device, reset: 0x2000, name: max read request size }"
    func text(_ extra: String) -> String {
      Fixture.short.replacing(
        base, with: base.replacing("reset: 0x2000", with: "reset: 0x2000\(extra)"))
    }
    // The drive's register holds 0.
    let host = try Fixture.drive(pasidWidth: 20)
    let warned = try Fixture.layout(text("")).check(host)
    #expect(warned.canCarry)
    #expect(warned.warnings.map(\.field).contains("max read request size"))
    #expect(try reasons(text(", require: 0x2000"), host, nil) == ["express.max read request size"])
    #expect(try reasons(text(", require: 0"), host, nil) == [])
  }

  @Test func aPassedThroughRegisterNeedsACounterpart() throws {
    let text =
      Fixture.short
      + "\n  - { at: 0xc0, bits: 0xff, source: device, physical: \"acs+0x04\", name: own }\n"
    #expect(try reasons(text, Fixture.drive(pasidWidth: 20), nil) == ["free.own"])
    let absolute = text.replacing("\"acs+0x04\"", with: "0xe0")
    #expect(try reasons(absolute, Fixture.drive(pasidWidth: 20), nil) == [])
  }

  @Test func vendorBytesMustBeTheSame() throws {
    let host = try Fixture.host("qemu-virtio-net-ats")
    let derivation = try ProfileDerivation(from: [host])
    var bytes = host.space.bytes
    bytes[0x84 + 8] = 0x55
    let other = HostFunction(try ConfigSpace(bytes), label: "other")
    #expect(derivation.layout.check(other).reasons.map(\.field) == ["bytes"])
    // What a guest writes into the window is not the device's layout.
    bytes = host.space.bytes
    bytes[0xc8 + 4] = 4
    let used = HostFunction(try ConfigSpace(bytes), label: "used")
    #expect(derivation.layout.check(used).canCarry)
  }

  @Test func aNetworkFunctionIsNoDrive() throws {
    let found = try reasons(Fixture.short, Fixture.host("qemu-virtio-net-ats"), wide)
    #expect(found.contains("header.class"))
  }

  @Test func hostileDumpsAreDescribed() throws {
    let layout = try Fixture.layout(Fixture.short)
    let dead = HostFunction(try ConfigSpace([UInt8](repeating: 0xff, count: 4096)), label: "dead")
    #expect(layout.check(dead, iommu: wide).reasons.map(\.field) == ["device"])
    var loop = try Fixture.drive().space.bytes
    loop[0x41] = 0x40
    let report = layout.check(HostFunction(try ConfigSpace(loop), label: "loop"), iommu: wide)
    #expect(report.warnings.contains { $0.field == "capability list" })
    #expect(!report.canCarry)
  }

  /// What a dump does not hold is not absent: nothing is refused for it, and nothing is promised.
  @Test(arguments: [64, 256, 0x120])
  func aCutDumpIsNoAnswer(count: Int) throws {
    let layout = try Fixture.layout(Fixture.short)
    let whole = try Fixture.drive().space
    let cut = try ConfigSpace(Array(whole.bytes[..<count]), isWhole: false)
    let report = layout.check(
      HostFunction(cut, label: "cut", address: PCIAddress("3b:00.0")), iommu: wide)
    #expect(report.verdict == .unknown && !report.canCarry)
    #expect(report.reasons == [])
    #expect(report.objections == report.unknowns && !report.unknowns.isEmpty)
    #expect(report.wholeSpaceCommand == "lspci -xxxx -s 0000:3b:00.0")
    // What the dump does show is held against the profile all the same.
    var bytes = cut.bytes
    bytes[0x0b] ^= 0xff
    let other = HostFunction(try ConfigSpace(bytes, isWhole: false), label: "other")
    #expect(layout.check(other, iommu: wide).verdict == .cannot)
  }

  @Test(arguments: [0x00..<0x04, 0x09..<0x0c, 0x0e..<0x0f, 0x10..<0x18, 0x40..<0x44])
  func missingRowsAreNoAnswer(range: Range<Int>) throws {
    let space = try ConfigSpace(Fixture.drive().space.bytes, unknownRanges: [range])
    let report = try Fixture.layout(Fixture.short).check(
      HostFunction(space, label: "lacking"), iommu: wide)
    #expect(report.reasons == [])
  }

  @Test func aBrokenListIsNoAnswerEither() throws {
    var bytes = try Fixture.drive().space.bytes
    for index in 0x40..<4096 { bytes[index] = 0xff }
    let report = try Fixture.layout(Fixture.short).check(
      HostFunction(try ConfigSpace(bytes), label: "gone"), iommu: wide)
    #expect(report.verdict == .unknown && report.wholeSpaceCommand == nil)
  }

  /// Spoilt dumps of every kind: nothing crashes, whatever it answers.
  @Test(arguments: seeds(40))
  func spoiltDumpsNeverCrash(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let hosts = try [Fixture.drive(pasidWidth: 20), Fixture.host("qemu-virtio-net-ats")]
    var bytes = hosts[Int(seed) % 2].space.bytes
    for _ in 0..<Int.random(in: 1...40, using: &random) {
      bytes[Int.random(in: 0..<(Bool.random(using: &random) ? 256 : 4096), using: &random)] =
        UInt8.random(in: 0...255, using: &random)
    }
    let count = [64, 255, 256, 4096][Int.random(in: 0..<4, using: &random)]
    let space = try ConfigSpace(Array(bytes[..<count]))
    let host = HostFunction(space, label: "spoilt", barSizes: seed % 3 == 0 ? [0: 12345] : [:])
    let layout = try Fixture.layout(Fixture.short)
    _ = layout.check(host, iommu: wide)
    _ = AccessMap(layout, on: host)
    _ = ConfigSpaceComparison(space, hosts[0].space)
    _ = QEMULoadCheck(stream: space, local: hosts[1].space)
    _ = QEMULoadCheck(stream: hosts[1].space, local: space)
    var options = DerivationOptions()
    options.pasid = .width(20)
    options.kept = ["vsec", "dvsec", "0x2e"]
    if let derivation = try? ProfileDerivation(from: [host], options: options) {
      #expect(derivation.layout.check(host, iommu: wide.allowingAll).canCarry)
      #expect(try Fixture.layout(derivation.text).digest == derivation.layout.digest)
    }
    if let derivation = try? ProfileDerivation(from: [hosts[1], host], options: options) {
      #expect(derivation.layout.check(hosts[1], iommu: wide.allowingAll).canCarry)
    }
  }
}

extension IOMMUFacts {
  fileprivate var allowingAll: IOMMUFacts {
    IOMMUFacts(pasidWidth: pasidWidth, allowsExecute: true, allowsPrivileged: true)
  }
}
