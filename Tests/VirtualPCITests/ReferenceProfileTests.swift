import PCIConfig
import PCITestSupport
import Reports
import TestSupport
import Testing
import VirtualPCI

@Suite struct ReferenceProfileTests {
  private func text(_ name: String) throws -> [UInt8] {
    try Corpus.bytes("profiles/\(name).yaml")
  }

  @Test(arguments: ["nvme", "virtio-net", "mtty"])
  func referencesAreFrozenAndTheirBytesUnchanged(name: String) throws {
    let layout = try ProfileLayout(Profile(parsing: text(name)))
    #expect(layout.profile.digest == layout.digest)
    #expect(try Profile.freeze(text(name)) == String(decoding: text(name), as: UTF8.self))
    #expect(
      String(decoding: try text(name), as: UTF8.self).contains("# Where the choices come from"))
    let space = try ConfigSpace(layout.synthesized)
    #expect(space.capabilityList.findings.isEmpty)
    if Lspci.isInstalled {
      #expect(Lspci.complaints(try Lspci.decode(layout.synthesized)) == [])
    }
  }

  @Test func theDrivesProfileIsCarriedByEmulatedAndRealDrives() throws {
    let layout = try ProfileLayout(Profile(parsing: text("nvme")))
    let iommu = IOMMUFacts(pasidWidth: 16)
    var hosts = [try Fixture.host("qemu-nvme-pf-vfs-on")]
    if Fixture.hasThirdPartyDumps {
      hosts += try [
        "kingston-kc3000-nvme-5013", "samsung-nvme-a808", "pciutils-samsung-pm1743-sriov64",
      ].map { try Fixture.host($0) }
    }
    for host in hosts { #expect(layout.check(host, iommu: iommu).reasons == []) }
    #expect(!layout.check(try Fixture.host("qemu-virtio-net-ats"), iommu: iommu).canCarry)
  }

  @Test func theNetworkProfileLooksAsQEMUsOwn() throws {
    let layout = try ProfileLayout(Profile(parsing: text("virtio-net")))
    let host = try Fixture.host("qemu-virtio-net-ats")
    #expect(layout.check(host).canCarry)
    let shown = try ConfigSpace(layout.synthesized)
    for capability in shown.capabilityList.capabilities {
      let own = host.space.capabilityList.all(capability.id).map(\.offset)
      #expect(own.contains(capability.offset))
    }
  }

  /// The device's capabilities of bytes come in another order than the profile's; the window is
  /// found all the same.
  @Test func theWindowIsFoundByItsBytes() throws {
    let layout = try ProfileLayout(Profile(parsing: text("virtio-net")))
    let host = try Fixture.host("qemu-virtio-net-ats")
    let places = PhysicalOffsets(of: layout, on: host)
    #expect(places.missing == [])
    #expect(places.offsets[0xd8..<0xdc] == [0xd8, 0xd9, 0xda, 0xdb])
  }

  @Test func theSerialProfileIsTheKernelsBytes() throws {
    let layout = try ProfileLayout(Profile(parsing: text("mtty")))
    let space = try ConfigSpace(Corpus.bytes("configspace/mtty.config"))
    #expect(layout.check(HostFunction(space, label: "mtty")).canCarry)
    let differences = ConfigSpaceComparison(try ConfigSpace(layout.synthesized), space).differences
    // What a guest or its firmware writes, and the last byte, which mtty's region does not have.
    #expect(differences.map(\.field) == ["bytes", "Control I/O", "BAR0"])
  }

  @Test func theSchemaKnowsEveryCapabilityAndKey() throws {
    let schema = String(
      decoding: try Corpus.contents(Corpus.root + "/schemas/vpci-profile.schema.json"),
      as: UTF8.self)
    for template in CapabilityPolicy.all {
      #expect(schema.contains("\"const\": \"\(template.key)\""))
      for setting in template.settings { #expect(schema.contains("\"\(setting.key)\": {")) }
    }
    for source in ProfileRegister.Source.allCases {
      #expect(schema.contains("\"\(source.rawValue)\""))
    }
    for kind in ProfileBAR.Kind.allCases { #expect(schema.contains("\"\(kind.rawValue)\"")) }
  }

  /// Spoilt texts of every kind: refused or read, never a crash.
  @Test(arguments: seeds(150))
  func spoiltProfilesNeverCrash(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let names = ["nvme", "virtio-net", "mtty"]
    var bytes = try text(names[Int(seed) % 3]).filter { $0 != 0 }
    // The digest would refuse every change that matters.
    let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
      .filter { !$0.starts(with: "digest".utf8) && !$0.starts(with: "#".utf8) }
    bytes = [UInt8](lines.joined(separator: [10]))
    let digits = [UInt8]("0123456789abcdefx, {}[]:-\n".utf8)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = digits[Int.random(in: 0..<digits.count, using: &random)]
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(digits[Int.random(in: 0..<16, using: &random)], at: place)
      default: bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
    }
    guard let profile = try? Profile(parsing: bytes), let layout = try? ProfileLayout(profile)
    else {
      return
    }
    #expect(layout.synthesized.count == layout.byteCount)
    #expect(AccessMap(layout).ranges.reduce(0) { $0 + $1.length } == layout.byteCount)
    _ = ProfileExplanation(layout).text
    #expect(try Fixture.layout(profile.yaml()).digest == layout.digest)
    #expect(try Fixture.layout(Profile.freeze(bytes)).digest == layout.digest)
    _ = layout.check(try Fixture.drive(pasidWidth: 20))
  }
}
