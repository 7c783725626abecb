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
