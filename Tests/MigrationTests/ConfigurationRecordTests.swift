import DeviceTestSupport
import MigrationStream
import PCIConfig
import StateTranslation
import TestSupport
import Testing
import VirtualPCI

@Suite struct ConfigurationRecordTests {
  private struct Device: PhysicalConfigAccess {
    var bytes: [UInt8]

    func read(_ offset: Int, byteCount: Int) -> UInt32 {
      (0..<byteCount).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }

    mutating func write(_ offset: Int, byteCount: Int, value: UInt32) {
      for index in 0..<byteCount {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
      }
    }
  }

  private func space() throws -> VirtualConfigSpace<Device> {
    let layout = try ProfileLayout(Profile(parsing: Corpus.bytes("profiles/nvme.yaml")))
    let host = HostFunction(try ConfigSpace(layout.synthesized), label: "itself")
    return try VirtualConfigSpace(
      layout, at: PhysicalOffsets(of: layout, on: host), on: Device(bytes: layout.synthesized))
  }

  @Test func aVirtualSpaceTravelsInAStream() throws {
    var source = try space()
    source.write(0x04, byteCount: 2, value: 0x0006)
    source.write(0x10, byteCount: 4, value: 0xfebf_0000)
    let saved = source.save()

    var builder = StreamBuilder()
    builder.devices[0].configuration = ConfigurationRecord(saved)
    let decoded = try DecodedStream(builder.encoded())
    let record = decoded.records.compactMap { record -> ConfigurationRecord? in
      if case .configuration(let value, _) = record { value } else { nil }
    }.first
    let arrived = try #require(record.flatMap(ConfigSpaceState.init))
    #expect(arrived == saved)

    var target = try space()
    try target.restore(arrived)
    #expect(target.read(0x04, byteCount: 2) == source.read(0x04, byteCount: 2))
    #expect(target.read(0x10, byteCount: 4) == 0xfebf_0004)
  }

  @Test func aRecordWithoutASynthesisedSpaceRestoresNothing() {
    #expect(ConfigSpaceState(ConfigurationRecord(physical: [1, 2, 3])) == nil)
  }
}
