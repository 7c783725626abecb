import ByteIO
import PCIConfig
import PCITestSupport
import Reports
import TestSupport
import Testing

@Suite struct ConfigSpaceReportTests {
  private func report(_ index: Int) throws -> ConfigSpaceReport {
    ConfigSpaceReport(try #require(try DumpCorpus.devices(DumpCorpus.own[index]).first))
  }

  @Test func textReadsLikeLspci() throws {
    let lines = try report(2).text.split(separator: "\n").map(String.init)
    #expect(lines.first == "0000:02:00.0 Ethernet controller [020000]: 1af4:1041 (rev 01)")
    for expected in [
      "\tDump says: Ethernet controller: QEMU virtio-net with ATS",
      "\tSubsystem: 1af4:1100",
      "\tBAR 4: memory at 00000000 (64-bit, prefetchable)",
      "\tCapabilities: [dc] MSI-X",
      "\tCapabilities: [b4] Vendor-Specific: VirtIO: Notify",
      "\tCapabilities: [7c] Power Management version 3",
      "\tCapabilities: [40] PCI Express (v2): Endpoint",
      "\tCapabilities: [148 v1] Address Translation Service (ATS)",
      "\t\t000-03f header",
      "\t\t0dc-0e7 [dc] MSI-X",
      "\t\t0e8-0ff zero",
    ] {
      #expect(lines.contains(expected), "\(expected)")
    }
    #expect(lines.allSatisfy { $0.count <= 100 })
  }

  @Test func jsonHasWhatScriptsAskFor() throws {
    let json = try report(0).json
    #expect(json["slot"] == .string("0000:01:00.0"))
    #expect(json["vendorID"] == .integer(0x1b36))
    #expect(json["deviceID"] == .integer(0x0010))
    #expect(json["bytes"] == .integer(4096))
    guard case .array(let capabilities)? = json["capabilities"] else {
      Issue.record("expected an array of capabilities")
      return
    }
    let sriov = try #require(
      capabilities.first { $0["id"] == .integer(0x10) && $0["extended"] == .bool(true) })
    #expect(sriov["offset"] == .integer(0x120))
    #expect(sriov["length"] == .integer(64))
    #expect(sriov["version"] == .integer(1))
    #expect(sriov["fields"]?["NumVFs"] == .integer(4))
    #expect(sriov["fields"]?["IOVCtl.Enable"] == .integer(1))
  }

  @Test(arguments: DumpCorpus.all)
  func keysOfOneCapabilityAreUnique(path: String) throws {
    for device in try DumpCorpus.devices(path) {
      guard case .array(let capabilities)? = ConfigSpaceReport(device).json["capabilities"] else {
        continue
      }
      for capability in capabilities {
        guard case .object(let fields)? = capability["fields"] else { continue }
        #expect(Set(fields.map(\.key)).count == fields.count)
      }
    }
  }

  @Test(arguments: DumpCorpus.all)
  func mapCoversEveryByteOnce(path: String) throws {
    for device in try DumpCorpus.devices(path) {
      let map = ConfigSpaceReport(device).map
      #expect(map.entries.first?.range.lowerBound == 0)
      #expect(map.entries.last?.range.upperBound == device.space.byteCount)
      #expect(
        zip(map.entries, map.entries.dropFirst()).allSatisfy {
          $0.range.upperBound == $1.range.lowerBound && $0.owner != $1.owner
        })
    }
  }

  @Test func mapTellsHiddenBytesFromZeros() throws {
    var builder = SpaceBuilder(byteCount: 256)
    builder.add(standard: 0x05, at: 0x40)
    builder.store8(1, at: 0x4a)
    builder.store8(1, at: 0x81)
    let space = try ConfigSpace(builder.bytes, unknownRanges: [0xc0..<0xd0])
    let map = ConfigSpaceMap(space, space.capabilityList)
    #expect(
      map.entries.map(\.range) == [
        0..<0x40, 0x40..<0x4a, 0x4a..<0x4c, 0x4c..<0x80, 0x80..<0x84, 0x84..<0xc0, 0xc0..<0xd0,
        0xd0..<0x100,
      ])
    #expect(map.entries[2].owner == .hidden)
    #expect(map.entries[4].owner == .hidden)
    #expect(map.entries[6].owner == .unknown)
  }
}
