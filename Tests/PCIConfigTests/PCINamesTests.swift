import PCIConfig
import Testing

@Suite struct PCINamesTests {
  private static let names = PCINames(
    parsing: [UInt8](
      """
      #	List of PCI ID's
      1b36  Red Hat, Inc.
      # a remark
      	0001  QEMU PCI-PCI bridge
      	0010  QEMU NVM Express Controller
      		1af4 1100  QEMU Virtual Machine

      		1b36 0001  Another
      	0011  QEMU PVPanic device
      4348  WCH.CN
      8086  Intel Corporation
      	0010  Another thing
      C 01  Mass storage controller
      	08  Non-Volatile memory controller

      """.utf8))

  @Test func aVendorADeviceAndASubsystemHaveNames() {
    #expect(Self.names.vendor(0x1b36) == "Red Hat, Inc.")
    #expect(Self.names.device(0x0010, of: 0x1b36) == "QEMU NVM Express Controller")
    #expect(Self.names.device(0x0010, of: 0x8086) == "Another thing")
    #expect(Self.names.device(0x0011, of: 0x1b36) == "QEMU PVPanic device")
    #expect(
      Self.names.subsystem((0x1af4, 0x1100), of: 0x0010, of: 0x1b36) == "QEMU Virtual Machine")
    #expect(Self.names.subsystem((0x1b36, 0x0001), of: 0x0010, of: 0x1b36) == "Another")
  }

  @Test func whatTheFileDoesNotHaveHasNone() {
    #expect(Self.names.vendor(0x1234) == nil)
    #expect(Self.names.device(0x0010, of: 0x4348) == nil, "its list is empty")
    #expect(Self.names.device(0x0008, of: 0x8086) == nil, "classes are no devices")
    #expect(Self.names.subsystem((0x1af4, 0x1100), of: 0x0011, of: 0x1b36) == nil)
  }

  @Test func anyBytesAreRead() {
    for bytes in [[], [0xff], [UInt8]("1b36".utf8), [UInt8]("1b36  \n\t0010".utf8), [9, 9, 10, 9]] {
      let names = PCINames(parsing: bytes)
      #expect(names.device(0x0010, of: 0x1b36) ?? "" == "")
    }
  }
}
