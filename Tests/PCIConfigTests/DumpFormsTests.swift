import ByteIO
import PCIConfig
import PCITestSupport
import TestSupport
import Testing

@Suite struct DumpFormsTests {
  /// Lines that are not the dump's, some of which look like rows.
  private static let others = [
    "Here is what it prints:", "", " 124:      24567   PCI-MSI 1048576-edge      nvme0q0",
    "1124:      24567   PCI-MSI 1048576-edge      mlx5_comp0", "10: eth0: <BROADCAST,UP>",
    "     0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f    0123456789abcdef",
    "00: 92 10 0b 02 03 1a 02 00 09 03 52 01 08 0a 00 fc    ??????.?.?R???.?",
    "10: 69 78 69 30 69 11 18 81 00 05 3c 3c 00 f0 83 01    ixi0i????<<.???.",
    "d6c2a9f1b3e4d6c2a9f1b3e4d6c2a9f1b3e4d6c2", "        0000: 46 41 43 50 0c 01 00 00",
    "Thanks,", "-[0000:00]-+-00.0", "*", "pci 0000:01:00.0: [8086:10fb] type 00 class 0x020000",
  ]

  private func bytes(using random: inout SplitMix64) -> [UInt8] {
    var bytes = random.bytes([64, 256, 4096].randomElement(using: &random)!)
    bytes[0x05] &= 0x07
    bytes[0x0e] = UInt8.random(in: 0...2, using: &random)
    // Rows of zeros, of which hexdump and od print one.
    for row in 4..<max(4, bytes.count / 16) where Bool.random(using: &random) {
      for index in row * 16..<row * 16 + 16 { bytes[index] = 0 }
    }
    return bytes
  }

  @Test(arguments: DumpRendering.allCases, seeds(24))
  func everyFormIsReadBackHoweverItTravelled(form: DumpRendering, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let bytes = bytes(using: &random)
    let decoration = DumpDecoration(using: &random)
    var lines: [String] = []
    for _ in 0..<Int.random(in: 0..<4, using: &random) {
      lines.append(Self.others.randomElement(using: &random)!)
    }
    lines += ["", "$ cat /sys/bus/pci/devices/0000\\:3b\\:00.1/config | dump"]
    if form == .lspci { lines.append("3b:00.1 Network controller: Acme (rev 01)") }
    if form == .earlyDump { lines.append("pci 0000:3b:00.1: config space:") }
    lines += form.lines(bytes) + [""]
    for _ in 0..<Int.random(in: 0..<4, using: &random) {
      lines.append(Self.others.randomElement(using: &random)!)
    }
    let dump = try ConfigSpaceDump(parsing: decoration.file(lines, using: &random))
    #expect(dump.devices.count == 1)
    let device = try #require(dump.devices.first)
    #expect(device.space.bytes == bytes)
    #expect(device.space.unknownRanges.isEmpty)
    #expect(device.address == PCIAddress("0000:3b:00.1"))
  }

  /// However a text comes in pieces, it is the same text.
  @Test(arguments: DumpRendering.allCases, seeds(6))
  func piecesMakeTheWhole(form: DumpRendering, seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let bytes = bytes(using: &random)
    let lines = ["one", "", "$ dump"] + form.lines(bytes) + ["", "*", "", "end"]
    let text = DumpDecoration(using: &random).file(lines, using: &random)
    let whole = try ConfigSpaceDump(text: text)
    var reader = ConfigSpaceDumpReader()
    var rest = text[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(Int.random(in: 1...9000, using: &random)))
      rest = rest.dropFirst(piece.count)
      try reader.read(piece.span.raw)
    }
    let pieces = try reader.finish()
    #expect(pieces.devices.map(\.space) == whole.devices.map(\.space))
    #expect(pieces.devices.map(\.line) == whole.devices.map(\.line))
    #expect(pieces.devices.map(\.address) == whole.devices.map(\.address))
  }

  /// Lines longer than any dump's are passed over, whole, and count.
  @Test func aLongLineIsOtherText() throws {
    let lines = DumpRendering.lspci.lines([UInt8](repeating: 1, count: 64))
    let long = String(repeating: "00 ", count: 100_000)
    let text = ([long, "01:00.0 VGA"] + lines + [long]).joined(separator: "\n")
    var reader = ConfigSpaceDumpReader()
    for start in stride(from: 0, to: text.utf8.count, by: 10_000) {
      try reader.read(Array(text.utf8.dropFirst(start).prefix(10_000)).span.raw)
    }
    let devices = try reader.finish().devices
    #expect(devices.map(\.line) == [2])
    #expect(devices.first?.space.byteCount == 64)
  }

  @Test func dumpsThatWouldTakeAllMemoryAreRefused() throws {
    // Few lines, for lines are what takes time.
    let rows = DumpRendering.joined.lines([UInt8](repeating: 1, count: 4096))
    let text = Array((["01:00.0 VGA"] + rows).joined(separator: "\n").utf8) + [0x0a]
    var reader = ConfigSpaceDumpReader()
    let error = #expect(throws: PCIConfigError.self) {
      for _ in 0..<4096 { try reader.read(text.span.raw) }
    }
    #expect(error?.code == .limit)
    #expect(error?.message.contains("16 MiB") == true)
  }

  // A file of nothing but a dump, without a line end, is one too; and an odd size keeps its size.
  @Test(arguments: DumpRendering.allCases)
  func aDumpAloneIsRead(form: DumpRendering) throws {
    var random = SplitMix64(seed: 7)
    let bytes = bytes(using: &random)
    let text = form.lines(bytes).joined(separator: "\n")
    let device = try #require(try ConfigSpaceDump(parsing: Array(text.utf8)).devices.first)
    #expect(device.space.bytes == bytes && device.address == nil)
  }

  @Test(arguments: [DumpRendering.hexdumpC, .hexdump, .xxd, .xxdPlain, .joined, .odX1])
  func theSampleDevicesOddSizeIsKept(form: DumpRendering) throws {
    let bytes = try Corpus.bytes("configspace/mtty.config")
    let text = form.lines(bytes).joined(separator: "\n") + "\n"
    #expect(try ConfigSpaceDump(text: Array(text.utf8)).devices.first?.space.bytes == bytes)
  }
}
