import PCIConfig
import PCITestSupport
import QEMUStream
import Testing
import VirtualPCI

@Suite struct ComparisonTests {
  @Test func equalSpacesAreEqual() throws {
    let space = try Fixture.drive().space
    #expect(ConfigSpaceComparison(space, space).areEqual)
  }

  @Test func differencesAreByCapabilityAndField() throws {
    let comparison = ConfigSpaceComparison(
      try Fixture.drive(vectors: 64, pasidWidth: 20).space, try Fixture.drive(vectors: 32).space)
    let found = comparison.differences.map { "\($0.capability)|\($0.field)" }
    #expect(found.contains { $0.hasPrefix("MSI-X|") })
    #expect(comparison.differences.contains { $0.second == "absent" && $0.field.isEmpty })
  }

  /// A dump that ends early, or lacks rows, is not unlike a whole one; what differs still does.
  @Test(arguments: [64, 256, 0x140])
  func aCutDumpIsNotADifference(count: Int) throws {
    let whole = try Fixture.drive(pasidWidth: 20).space
    let cut = try ConfigSpace(Array(whole.bytes[..<count]), isWhole: false)
    for (a, b) in [(whole, cut), (cut, whole), (cut, cut)] {
      let comparison = ConfigSpaceComparison(a, b)
      #expect(comparison.verdict == .unknown)
      #expect(!comparison.differences.contains { [$0.first, $0.second].contains("absent") })
    }
    var bytes = cut.bytes
    bytes[2] ^= 1
    let other = try ConfigSpace(bytes, isWhole: false)
    #expect(ConfigSpaceComparison(whole, other).verdict == .different)
    let lacking = try ConfigSpace(whole.bytes, unknownRanges: [0x50..<0x60])
    for (a, b) in [(whole, lacking), (lacking, whole), (lacking, lacking)] {
      #expect(ConfigSpaceComparison(a, b).verdict == .unknown)
    }
  }

  @Test func functionsArePairedByTheirSlots() throws {
    func device(_ slot: String?, _ vendor: UInt16) throws -> DumpedDevice {
      DumpedDevice(
        address: slot.flatMap { PCIAddress($0) }, title: "", line: nil,
        space: try SpaceBuilder(byteCount: 256, vendor: vendor).space)
    }
    let first = try [device("01:00.0", 1), device("01:00.1", 2), device("02:00.0", 3)]
    let second = try [device("03:00.0", 3), device("01:00.1", 9), device("01:00.0", 1)]
    let comparison = try DumpComparison(first, second)
    let slots = comparison.pairs.map { $0.address?.description }
    #expect(slots == ["0000:01:00.0", "0000:01:00.1"])
    #expect(comparison.pairs.map(\.comparison.areEqual) == [true, false])
    #expect(comparison.onlyInFirst == [first[2].address])
    #expect(comparison.onlyInSecond == [second[0].address])
    #expect(comparison.verdict == .different)
    // The only one of each is compared wherever it sits; one slot twice says too little.
    #expect(try DumpComparison([first[0]], [device(nil, 1)]).verdict == .equal)
    for wrong in try [[first[0], first[0]], [first[0], device(nil, 1)]] {
      let error = #expect(throws: PCIConfigError.self) { try DumpComparison(wrong, second) }
      #expect(error?.code == .noDevice)
    }
  }

  /// No byte can differ without a line that says so.
  @Test func noByteIsOverlooked() throws {
    let space = try Fixture.drive(pasidWidth: 20).space
    // Every byte up to the last capability, and a few of the empty rest.
    for offset in Array(0..<0x1a0) + [0x1a4, 0x7ff, 0x800, 0xffe, 0xfff] {
      var bytes = space.bytes
      bytes[offset] ^= 0x41
      #expect(!ConfigSpaceComparison(space, try ConfigSpace(bytes)).areEqual, "0x\(offset)")
    }
  }
}
