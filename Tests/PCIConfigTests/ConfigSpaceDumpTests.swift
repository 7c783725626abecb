import PCIConfig
import PCITestSupport
import TestSupport
import Testing

@Suite struct ConfigSpaceDumpTests {
  private func dump(_ text: String) throws -> [DumpedDevice] {
    try ConfigSpaceDump(parsing: [UInt8](text.utf8)).devices
  }

  /// Rows of 16 bytes; row `n` holds sixteen times `n`, so that a misplaced one shows.
  private func rows(_ indices: some Sequence<Int>) -> String {
    indices.map { index in
      let byte = hexadecimal(index & 0xff)
      return "\(hexadecimal(index * 16)): "
        + Array(repeating: byte, count: 16).joined(separator: " ")
    }.joined(separator: "\n")
  }

  private func hexadecimal(_ value: Int) -> String {
    let text = String(value, radix: 16)
    return text.count < 2 ? "0" + text : text
  }

  @Test(
    arguments: [
      ("00:02.0 VGA: Intel (rev 0c)", "0000:00:02.0", "VGA: Intel (rev 0c)"),
      ("00:02.0 ", "0000:00:02.0", ""),
      ("00:02.0", "0000:00:02.0", ""),
      ("0002:01:1f.7 0200: 177d:a01e", "0002:01:1f.7", "0200: 177d:a01e"),
      ("10000:e1:00.0 NVMe", "10000:e1:00.0", "NVMe"),
      ("00:02.0 Evil \u{1b}[2J name\u{7}", "0000:00:02.0", "Evil \u{1b}[2J name\u{7}"),
    ])
  func headsAreRead(head: String, address: String, title: String) throws {
    // Control characters would make it raw bytes, if it had the size of a space.
    let text = [UInt8]((head + "\n" + rows(0..<16) + "\n").utf8)
    let device = try #require(try ConfigSpaceDump(text: text).devices.first)
    #expect(device.address?.description == address)
    #expect(device.title == title)
    #expect(device.line == 1)
    #expect(device.space.byteCount == 256)
  }

  @Test func severalDevicesInOneFile() throws {
    let text = """
      # made for a test
      00:00.0 Host bridge
      \(rows(0..<4))

      00:01.0 PCI bridge
      \(rows(0..<256))

      0002:00:01.0 other
      \(rows(0..<16))

      """
    let devices = try dump(text)
    #expect(devices.map(\.space.byteCount) == [64, 4096, 256])
    #expect(devices.map { $0.address?.domain } == [0, 0, 2])
    #expect(devices.map(\.line) == [2, 8, 266])
    let all = try ConfigSpaceDump(parsing: [UInt8](text.utf8))
    #expect(try all.devices(at: "00:01.0").count == 2)
    #expect(try all.devices(at: "0002:00:01.0").count == 1)
    #expect(try all.devices(at: nil).count == 3)
    for wrong in ["00:03.0", "0001:00:01.0", "", "x", "00:01", "00:01.8", "00:20.0", "+0:01.0"] {
      let error = #expect(throws: PCIConfigError.self) { try all.devices(at: wrong) }
      #expect(error?.code == .noDevice)
    }
  }

  @Test func verboseTextAndLineEndsAreNoObstacle() throws {
    let text =
      "00:02.0 VGA (rev 0c)\n\tSubsystem: x\n\tControl: I/O+\n\t\tDevCap: 00: 11\n" + rows(0..<16)
    let plain = try #require(try dump(text).first)
    let windows = try #require(
      try dump(text.replacing("\n", with: "\r\n") + "\r\n").first)
    #expect(plain.space == windows.space)
    #expect(plain.space.unknownRanges.isEmpty)
    #expect(windows.title == "VGA (rev 0c)")
  }

  @Test func missingRowsAreUnknown() throws {
    let device = try #require(try dump("00:02.0 x\n" + rows([0, 1, 3, 4, 5, 15])).first)
    #expect(device.space.unknownRanges == [32..<48, 96..<240])
    #expect(device.space.u8(at: 0x30) == 3)
    let short = try #require(try dump("00:02.0 x\n00: 01 02 03 04\n").first)
    #expect(short.space.byteCount == 64)
    #expect(short.space.unknownRanges == [4..<64])
    let odd = try #require(try dump("00:02.0 x\n" + rows(0..<15) + "\nf0: 01 02\n").first)
    #expect(odd.space.byteCount == 242)
  }

  @Test func rowsWithoutAHeadAreADevice() throws {
    let devices = try dump(rows(0..<16) + "\n\n" + rows(0..<4) + "\n")
    #expect(devices.map(\.space.byteCount) == [256, 64])
    #expect(devices.allSatisfy { $0.address == nil })
    #expect(devices.map(\.line) == [1, 18])
  }

  @Test func rowsMayComeTwiceButNotDiffer() throws {
    let text = "00:02.0 x\n" + rows(0..<4) + "\n"
    #expect(try dump(text + rows([1, 2])).first?.space.byteCount == 64)
    let error = #expect(throws: PCIConfigError.self) { try dump(text + "10: 02 01") }
    #expect(error?.code == .dump)
    #expect(error?.place == .text(line: 6, column: nil))
  }

  @Test(
    arguments: [
      ("00:02.0 x\n00: 0", 2, 5), ("00:02.0 x\n00: 00 1\n", 2, 8), ("00:02.0 x\n00: 00 zz", 2, 8),
      ("00:02.0 x\n00: 0011", 2, 5), ("00:02.0 x\n00: 00  11", 2, 8),
      ("00:02.0 x\n00: 00 |.|", 2, 8),
    ])
  func malformedRowsAreRefused(text: String, line: Int, column: Int) {
    let error = #expect(throws: PCIConfigError.self) { try dump(text) }
    #expect(error?.code == .dump)
    #expect(error?.place == .text(line: line, column: column))
  }

  @Test(arguments: [
    "00:02.0 x\n1000: 00\n", "00:02.0 x\nffffffff: 00\n",
    "00:02.0 x\nff8: 00 11 22 33 44 55 66 77 88\n",
  ])
  func bytesBeyondTheSpaceAreRefused(text: String) {
    let error = #expect(throws: PCIConfigError.self) { try dump(text) }
    #expect(error?.code == .size)
  }

  @Test(arguments: ["", "\n", "hello\n", "00:02.0 listed, not dumped\n", "# 00: 11\n"])
  func inputWithoutADeviceIsRefused(text: String) {
    let error = #expect(throws: PCIConfigError.self) { try dump(text) }
    #expect(error?.code == .dump || error?.code == .size)
  }

  @Test(arguments: [64, 255, 256, 4096])
  func rawBytesAreTold(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    for bytes in [
      random.bytes(count), [UInt8](repeating: 0xff, count: count),
      [UInt8](repeating: 0, count: count),
    ] {
      let device = try #require(try ConfigSpaceDump(parsing: bytes).devices.first)
      #expect(device.space.bytes == bytes)
      #expect(device.address == nil && device.line == nil)
    }
  }

  @Test(arguments: DumpCorpus.own)
  func corporaAreWhole(path: String) throws {
    let devices = try DumpCorpus.devices(path)
    #expect(devices.map(\.space.byteCount) == [4096])
    #expect(devices.allSatisfy { $0.space.unknownRanges.isEmpty && $0.address != nil })
  }

  // Third parties' dumps are not the project's to copy; beside it they are read by this and the
  // other suites.
  @Test(.enabled(if: !DumpCorpus.thirdParty.isEmpty))
  func thirdPartyDumpsAreRead() throws {
    for path in DumpCorpus.thirdParty {
      let device = try #require(try DumpCorpus.devices(path).first)
      #expect(device.space.byteCount == 4096, "\(path)")
      #expect(device.space.capabilityList.findings.allSatisfy { $0.code == .allOnes }, "\(path)")
      #expect(device.space.capabilityList.capabilities.isEmpty == device.space.isAllOnes)
    }
  }

  @Test func mediatedDeviceHas255Bytes() throws {
    let space = try #require(
      try ConfigSpaceDump(parsing: Corpus.bytes("configspace/mtty.config")).devices.first?.space)
    #expect(space.byteCount == 255)
    #expect((space.vendorID, space.deviceID) == (0x4348, 0x3253))
    #expect(space.capabilityList.capabilities.isEmpty && space.capabilityList.findings.isEmpty)
    #expect(space.baseAddresses.map(\.kind) == [.io])
  }

  // Any one byte of a small dump replaced by any other: an error or a dump, never a trap.
  @Test func everyReplacedByteIsSurvived() throws {
    let text = [UInt8](("00:02.0 x\n" + rows(0..<4) + "\n").utf8)
    // Of the rows between the first and the last, one stands for all; so do a few for the bytes
    // that no text has.
    let middle = text.count - 2 * rows(3..<4).utf8.count..<text.count - rows(3..<4).utf8.count - 1
    let bytes = Array(0..<0x80) + [0x80, 0xa0, 0xc3, 0xff] as [UInt8]
    let step = 16 / seeds(16).count
    for index in text.indices where !middle.contains(index) {
      for byte in bytes where (index &+ Int(byte)) % step == 0 {
        var changed = text
        changed[index] = byte
        _ = try? ConfigSpaceDump(text: changed)
        // Of a text the other reader makes the same; only such a byte may make it something else.
        if !(0x20..<0x7f).contains(byte) { _ = try? ConfigSpaceDump(parsing: changed) }
      }
    }
  }
}
