import QEMUStream
import TestSupport
import Testing

/// The stream that QEMU 10.2.50 wrote of a machine with an mtty device.
@Suite struct RealStreamTests {
  private static func stream() throws -> [UInt8] { try Corpus.bytes("qemu/q35-mtty2.qemu") }

  @Test(arguments: [nil, 1 << 20, 4096, 1] as [Int?])
  func everySectionIsRead(pipeStep: Int?) throws {
    let catalog = ReadStream(try Self.stream(), pipeStep: pipeStep).catalog
    #expect(catalog.defect == nil)
    #expect(catalog.isComplete)
    #expect(catalog.findings == [])
    #expect(catalog.configuration?.machine == "pc-q35-11.0")
    #expect(catalog.sections.count == 31)
    #expect(catalog.byteCount == 205455)
    #expect(
      catalog.ram.blocks.map(\.name) == [
        "pc.ram", "/rom@etc/acpi/tables", "pc.rom", "pc.bios", "/rom@etc/table-loader",
        "/rom@etc/acpi/rsdp",
      ])
    #expect(catalog.ram.byteCount == 0x0105_2000)
  }

  @Test func theDeviceIsFound() throws {
    let catalog = ReadStream(try Self.stream()).catalog
    let device = try #require(catalog.vfioDevices.first)
    #expect(catalog.vfioDevices.count == 1)
    #expect(device.id == "0000:00:01.0/vfio")
    #expect(device.stateByteCount == 96)
    #expect(device.preCopyByteCount == 24)
    #expect(device.recordCounts == [.setup: 1, .data: 2, .configuration: 1, .endOfState: 5])
    #expect(device.statePrefix.count == 96)
    let configuration = try #require(device.configuration)
    #expect(configuration.space.count == 4096)
    #expect(configuration.space[..<4] == [0x48, 0x43, 0x53, 0x32])
    #expect(!configuration.isSizeAmbiguous)
    #expect(configuration.assertedPins == 0)
    #expect(configuration.vectorCount == 0)
    #expect(device.findings == [])
  }
}
