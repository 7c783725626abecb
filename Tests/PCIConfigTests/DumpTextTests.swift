import PCIConfig
import PCITestSupport
import TestSupport
import Testing

/// Dumps among other text, as people post them.
@Suite struct DumpTextTests {
  private func dump(_ text: String) throws -> ConfigSpaceDump {
    try ConfigSpaceDump(text: [UInt8](text.utf8))
  }

  private func space(_ count: Int = 256, vendor: UInt16 = 0x1234) -> [UInt8] {
    var builder = SpaceBuilder(byteCount: max(count, 256), vendor: vendor)
    builder.add(standard: 0x01, at: 0x40, [3, 0])
    return Array(builder.bytes[..<count])
  }

  private func rows(_ count: Int = 256, vendor: UInt16 = 0x1234) -> String {
    DumpRendering.lspci.lines(space(count, vendor: vendor)).joined(separator: "\n")
  }

  @Test func aTextThatListsWithoutBytesSaysSo() {
    let text =
      "31:00.0 3D controller: Acme\n\tControl: I/O- Mem+\n\tCapabilities: [60] Power Management\n"
      + "\n32:00.0 Other\n"
    let error = #expect(throws: PCIConfigError.self) { try dump(text) }
    #expect(error?.place == .text(line: 1, column: nil))
    #expect(error?.message.contains("2 functions listed, 0000:31:00.0 first") == true)
    #expect(error?.message.contains("lspci -xxxx -s 0000:31:00.0") == true)
    let nonsense = #expect(throws: PCIConfigError.self) { try dump("{\"error\": 12345678}\n") }
    #expect(nonsense?.code == .dump && nonsense?.place == .whole)
  }

  /// Text of the size of a space, in one line, is text.
  @Test(arguments: [
    String(repeating: "{\"level\":\"error\",\"message\":\"no such device\"} ", count: 3),
    String(repeating: "lorem ipsum ", count: 20), String(repeating: "00112233445566zz", count: 16),
  ])
  func oneLineOfTextIsNoSpace(text: String) {
    #expect(throws: PCIConfigError.self) { try ConfigSpaceDump(parsing: [UInt8](text.utf8)) }
  }

  /// What begins a section of its own in a log of the whole machine.
  @Test(arguments: [
    "\n\n*** /proc/interrupts\n   0:   45\n 124:      24567   PCI-MSI nvme0q0\n1124:  24567   x",
    "\n 100:      24567   PCI-MSI nvme0q0", "\n100:      24567   PCI-MSI nvme0q0",
    "\n\n100: eth100: <BROADCAST,MULTICAST,UP> mtu 1500",
    "\n\n00: 92 10 0b 02 03 1a 02 00 09 03 52 01 08 0a 00 fc    ??????.?.?R???.?",
    "\n\n0000: 46 41 43 50 0c 01 00 00 05 6d 41 42 43 44 45 46    FACP.....mABCDEF",
    "\n\n\td6c2a9f1b3e4\n12:34:56.789 up", "\n\n00000000-00000fff : Reserved",
  ])
  func whatOnlyLooksLikeARowIsPassedOver(text: String) throws {
    let devices = try dump("01:00.0 VGA\n" + rows() + text + "\n").devices
    #expect(devices.map(\.space.bytes) == [space()])
  }

  @Test func aRowThatGoesOnButIsMalformedIsNamed() {
    let text = "> 01:00.0 VGA\n>\n> " + rows(64).replacing("\n", with: "\n>\n> ")
    let error = #expect(throws: PCIConfigError.self) {
      try dump(text + "\n>\n> 40: 01 50 2\n")
    }
    #expect(error?.place == .text(line: 11, column: 13))
  }

  // Behind 64 bytes a row goes on as anywhere; behind 256, other text may follow.
  @Test(arguments: [(64, true), (128, true), (256, false)])
  func aMalformedRowBehindSomeBytesIsNamed(count: Int, isNamed: Bool) {
    let next = "\n\(String(count, radix: 16)): 0g 00 00 00\n"
    let text = "01:00.0 VGA\n" + rows(count) + next
    #expect((try? dump(text)) == nil ? isNamed : !isNamed)
  }

  /// What a list names is not the function whose bytes another tool prints behind a blank line.
  @Test(arguments: [DumpRendering.hexdumpC, .xxdPlain, .odX1])
  func aListedFunctionDoesNotGetAnothersBytes(form: DumpRendering) throws {
    let text = "01:00.1 VGA\n\n" + form.lines(space()).joined(separator: "\n") + "\n"
    let devices = try dump(text).devices
    #expect(devices.map(\.space.bytes) == [space()])
    #expect(devices.map(\.address) == [nil])
    let rows = "01:00.1 VGA\n\tMemory at f000\n\n" + rows() + "\n"
    #expect(try dump(rows).devices.map(\.address) == [PCIAddress("01:00.1")])
  }

  @Test func aStarStandsForRowsOnlyWhereOffsetsTellHowMany() throws {
    let bytes = Array(space()[..<64]) + Array(repeating: 0, count: 192)
    let rows = DumpRendering.xxd.lines(bytes)
    #expect(rows.count == 16)
    let starred = (rows[...4] + ["*"] + [rows[15]]).joined(separator: "\n")
    #expect(try dump(starred).devices.map(\.space.bytes) == [bytes])
    let plain = DumpRendering.lspci.lines(bytes).map { $0.split(separator: " ").dropFirst() }
    let bare = (plain[...4].map { $0.joined(separator: " ") } + ["*"]).joined(separator: "\n")
    let error = #expect(throws: PCIConfigError.self) { try dump(bare) }
    #expect(error?.place == .text(line: 6, column: nil))
    #expect(error?.message.contains("-v") == true)
  }

  /// Words of letters a to f are no space unless there are as many as a space has.
  @Test(arguments: [128, 88, 65]) func digitsOfNoSpacesSizeAreText(count: Int) {
    #expect((try? dump(String(repeating: "ac", count: count) + "\n"))?.devices.isEmpty ?? true)
  }

  /// What mail, logs, patches and web pages put around rows.
  @Test(arguments: [
    ("Mar  4 10:11:12 host lspci[123]: ", ""), ("Mar  4 10:11:12 host kernel: ", ""), ("+", ""),
    ("-", ""), ("> | ", ""), ("lspci[4711]: ", ""), ("<br>", "</br>"), ("<td><code>", "</code>"),
    ("", "<br/>"), ("", "</pre>"), ("<p style=\"margin: 0\">", "</p>"),
  ])
  func rowsAreReadWithoutWhatIsAroundThem(before: String, behind: String) throws {
    let lines = ["01:00.0 VGA"] + DumpRendering.lspci.lines(space())
    let text = lines.map { before + $0 + behind }.joined(separator: "\n") + "</pre>\n"
    let devices = try dump("<html><pre>\n" + text + "</body>").devices
    #expect(devices.map(\.space.bytes) == [space()])
    #expect(devices.map(\.address) == [PCIAddress("01:00.0")])
  }

  /// A digit that became a letter is named with its place, in the offset as among the bytes.
  @Test(
    arguments: [DumpRendering.lspci, .xxd, .hexdumpC, .odX1, .xxdPlain], [0, 1, 4])
  func lettersInPlaceOfDigitsAreNamed(form: DumpRendering, index: Int) throws {
    for isFirst in [true, false] {
      var lines = form.lines(space())
      var line = Array(lines[index].utf8)
      let zeros = line.indices.filter { line[$0] == UInt8(ascii: "0") && $0 < 40 }
      let place = try #require(isFirst ? zeros.first : zeros.last)
      line[place] = UInt8(ascii: "O")
      lines[index] = String(decoding: line, as: UTF8.self)
      let text = lines.joined(separator: "\n")
      let error = #expect(throws: PCIConfigError.self) { try dump(text) }
      guard case .text(let number, let column?)? = error?.place else {
        Issue.record("\(lines[index]): \(String(describing: error))")
        continue
      }
      #expect(number == index + 1 && (1...place + 1).contains(column))
      #expect(error?.message.contains("O") == true)
    }
  }

  @Test(arguments: [0, 3, 15]) func wrappedRowsAreNamed(index: Int) {
    var lines = rows().split(separator: "\n").map(String.init)
    let row = lines[index]
    lines[index] = String(row.dropLast(6))
    lines.insert(String(row.suffix(5)), at: index + 1)
    let error = #expect(throws: PCIConfigError.self) {
      try dump("01:00.0 VGA\n" + lines.joined(separator: "\n"))
    }
    #expect(error?.place == .text(line: index + 3, column: nil))
  }

  @Test func aLineInPlaceOfARowIsNamed() {
    var lines = rows().split(separator: "\n").map(String.init)
    lines[5] = "50: [snip"
    let error = #expect(throws: PCIConfigError.self) { try dump(lines.joined(separator: "\n")) }
    #expect(error?.place == .text(line: 6, column: 5))
  }

  /// Rows without a head that do not begin at 0, or end in the header, say what is missing.
  @Test(arguments: [
    ("00: 86 80 15 15", "bytes up to 0x03"), ("40: 01 50 03 00", "rows from 0x40 on"),
  ])
  func rowsThatHaveNoHeaderSayWhatIsThere(row: String, found: String) {
    let error = #expect(throws: PCIConfigError.self) { try dump("a note\n" + row + "\n") }
    #expect(error?.place == .text(line: 2, column: nil))
    #expect(error?.message.contains("found \(found) alone") == true)
  }

  @Test func repliesBetweenRowsDoNotEndADump() throws {
    let lines = rows().split(separator: "\n").map { "> \($0)" }
    let text =
      "> 01:00.0 VGA\n" + lines[..<4].joined(separator: "\n")
      + "\n\nSee the pointer at 34.\n\n" + lines[4...].joined(separator: "\n")
    #expect(try dump(text).devices.map(\.space.bytes) == [space()])
  }

  // Two functions of one slot, as before and after a change: a number tells them apart.
  @Test func spacesUnderOneSlotAreChosenByNumber() throws {
    let text =
      "01:00.0 before\n" + rows(vendor: 1) + "\n\n01:00.0 after\n" + rows(vendor: 2) + "\n"
    let both = try dump(text)
    let (all, second) = (try both.devices(at: "01:00.0"), try both.device(at: "1"))
    #expect(all.count == 2 && second.space.vendorID == 2)
    #expect(try both.device(at: "0").title == "before")
    for wrong in ["01:00.0", "2", "-1"] {
      let error = #expect(throws: PCIConfigError.self) { try both.device(at: wrong) }
      #expect(error?.code == .noDevice)
    }
    let error = #expect(throws: PCIConfigError.self) { try both.device(at: nil) }
    #expect(error?.message.contains("1 (0000:01:00.0, line 19)") == true)
  }

  @Test(arguments: [
    ("$ lspci -xxx -s 01:00.0\n", "0000:01:00.0"),
    ("root@host:/sys/devices/pci0000:00/0000:00:03.0/0002:01:00.0# xxd config\n", "0002:01:00.0"),
    ("$ hexdump -C /sys/bus/pci/devices/0000\\:05\\:00.0/config\n\n", "0000:05:00.0"),
    ("vfio-pci 0000:01:00.0: enabling device\n", nil),
    ("$ lspci -s 01:00.0\none\ntwo\nthree\n", nil),
  ])
  func aCommandSaysWhereItsOutputIsFrom(head: String, address: String?) throws {
    let devices = try dump(head + rows()).devices
    #expect(devices.map { $0.address?.description } == [address])
  }

  @Test func aTraceShowsWhatWasRead() throws {
    let lines = [
      "vfio_pci_read_config  (VFIO user </tmp/x>, @0x6, len=0x2) 0x10",
      "vfio_pci_read_config  (VFIO user </tmp/x>, @0x34, len=0x1) 0x40",
      "vfio_pci_read_config  (VFIO user </tmp/x>, @0x40, len=0x2) 0x4801",
      "12@34.5:vfio_pci_read_config  (VFIO user </tmp/x>, @0x48, len=0x2) 0x10",
      "vfio_pci_read_config  (0000:02:00.0, @0x10, len=0x4) 0xfe000004",
      "vfio_pci_write_config (0000:02:00.0, @0x10, 0xffffffff, len=0x4)",
      "vfio_pci_read_config  (0000:02:00.0, @0x10, len=0x4) 0xffffc004",
    ]
    let devices = try dump(lines.joined(separator: "\n")).devices
    #expect(devices.map(\.address) == [nil, PCIAddress("02:00.0")])
    let list = devices[0].space.capabilityList
    #expect(list.capabilities.map(\.offset) == [0x40, 0x48])
    #expect(list.capabilities.map(\.version) == [nil, nil])
    #expect(devices[0].space.u8(at: 0x0e) == nil)
    guard case .unknown = list.presence(of: .advancedErrorReporting) else {
      Issue.record("nothing was read behind 0x100")
      return
    }
    // A register that is being sized reads as its size.
    #expect(devices[1].space.u32(at: 0x10) == 0xfe00_0004)
  }

  @Test(arguments: [
    "vfio_pci_read_config  (a, @0xfff, len=0x2) 0x10",
    "vfio_pci_read_config  (a, @0x10, len=0x3) 0",
    "vfio_pci_read_config  (a, @0xffffffffffffffff, len=0x2) 0", "vfio_pci_read_config (",
    "vfio_pci_read_config  (a, @0x, len=) ", "vfio_pci_write_config (a, @0x10, 0x1, len=0x4)",
  ])
  func aTraceThatSaysNothingIsNone(line: String) {
    #expect(throws: PCIConfigError.self) { try dump(line) }
  }

  // The offset `e` is no word of the line.
  @Test func everyOffsetOfATraceIsRead() throws {
    let lines = (0..<16).map { offset in
      "vfio_pci_read_config  (a, @0x\(String(offset, radix: 16)), len=0x1) 0x0"
    }
    let space = try dump(lines.joined(separator: "\n")).device(at: nil).space
    #expect(space.isKnown(0..<16) && space.headerType == 0)
  }
}
