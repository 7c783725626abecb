import ByteIO
import Inputs
import MigrationStream
import PCIConfig
import TestSupport
import Testing

/// What a file is, told by its first bytes.
@Suite struct FileKindTests {
  private static func kind(_ bytes: [UInt8]) -> FileKind {
    FileKind(
      prefix: Array(bytes.prefix(FileKind.prefixByteCount)), byteCount: UInt64(bytes.count))
  }

  private static func kind(_ text: String) -> FileKind { kind([UInt8](text.utf8)) }

  /// A file that begins with `front` and goes on with bytes of no text.
  private static func file(_ front: [UInt8], _ byteCount: Int = 300) -> [UInt8] {
    front + (0..<max(0, byteCount - front.count)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  }

  @Test(arguments: [
    ([UInt8]("QEVM".utf8), FileKind.qemuStream),
    ([0x11, 0x22, 0x33, 0x44], .multifdChannel),
    ([UInt8]("LibvirtQemudSave".utf8), .libvirtSaveImage),
    ([UInt8]("LibvirtQemudPart".utf8), .libvirtSaveImage),
    ([0x51, 0x46, 0x49, 0xfb], .qcow2),
    ([0x7f, 0x45, 0x4c, 0x46], .elf),
    ([0x1f, 0x8b, 0x08], .compressed(.gzip)),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .compressed(.xz)),
    ([0x28, 0xb5, 0x2f, 0xfd], .compressed(.zstd)),
    ([UInt8]("BZh91AY&SY".utf8), .compressed(.bzip2)),
    ([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a], .compressed(.lzop)),
    ([0x50, 0x4b, 0x03, 0x04], .archive(.zip)),
    (StreamHeader.magic, .migrationStream),
  ])
  func signaturesAreTold(front: [UInt8], kind: FileKind) {
    // Also in a file with the size of a configuration space.
    for byteCount in [64, 256, 300, 4096] {
      #expect(Self.kind(Self.file(front, byteCount)) == kind)
    }
  }

  @Test(arguments: seeds(40))
  func noStreamIsTakenForASpace(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let bytes = try StreamBuilder.random(using: &random).encoded()
    // However it is cut.
    for byteCount in [8, 64, 255, 256, 4096, bytes.count] where byteCount <= bytes.count {
      #expect(Self.kind(Array(bytes.prefix(byteCount))) == .migrationStream)
    }
  }

  @Test(arguments: seeds(200))
  func textIsNeverTakenForBytes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let count = [64, 255, 256, 512, 4096].randomElement(using: &random) ?? 64
    let alphabet = Array("abc xyz 0123456789 äöü {}[]:,.-\t".utf8)
    // A character may be cut at the end.
    let isASCII = Bool.random(using: &random)
    var text: [UInt8] = []
    while text.count < count {
      text += isASCII ? [UInt8.random(in: 0x20...0x7e, using: &random)] : alphabet
    }
    let kind = Self.kind(Array(text.prefix(count)))
    #expect(kind.isText, "\(kind)")
  }

  @Test(arguments: seeds(200))
  func spacesAreBytes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var space = random.bytes([64, 256, 4096].randomElement(using: &random) ?? 64)
    // A space has zeros, if only in what is reserved.
    space[0x35] = 0
    space[0] = 0x86
    #expect(Self.kind(space) == .rawSpace)
    #expect(Self.kind([UInt8](repeating: 0xff, count: space.count)) == .rawSpace)
    #expect(Self.kind([UInt8](repeating: 0, count: space.count)) == .rawSpace)
  }

  @Test func bytesOfAnotherNumberNeedAHeader() throws {
    let config = try Corpus.bytes("configspace/mtty.config")
    #expect(Self.kind(config) == .configurationSpace)
    #expect(Self.kind(Array(config.prefix(200))) == .configurationSpace)
    var random = SplitMix64(seed: 1)
    #expect(Self.kind([0xff] + random.bytes(299)) == .bytes)
    #expect(Self.kind(try Corpus.bytes("mtty/mtty2-5.state")) == .deviceState("mtty"))
    #expect(Self.kind([]) == .empty)
    // A pipe has no size to go by.
    #expect(FileKind(prefix: [0, 1, 2] + config, byteCount: nil) == .bytes)
  }

  @Test(arguments: [
    ("{\"snapshots\":{\"cpu-manager\":{", FileKind.cloudHypervisorState),
    ("{\n  \"id\": \"vm\",\n  \"snapshots\": {", .cloudHypervisorState),
    ("{\"snapshot_data\":null,\"snapshots\":{}}", .cloudHypervisorState),
    ("{\"devices\":[]}", .json), ("[1,2,3]", .json), ("[\n  {\"a\":1}\n]", .json),
    ("[    0.123456] Linux version 6.12\n", .text),
    ("profile: nvme.v1\nids:\n  vendor: 1\n", .profile),
    ("{\"call\": \"close\", \"fd\": 3, \"result\": 0}\n", .trace),
    ("Bad config data: i=0x6e read: 0 device: 40 cmask: ff wmask: 0 w1cmask:19\n", .qemuLog),
    ("name: nvme.v1\nids:\n  vendor: 1\n# done\n", .yaml),
    ("--- \nname: a\nlist:\n- a\n- b\n", .yaml),
    ("From: me\nTo: you\n\nHello there,\nhow are you?\n", .text),
    ("3b:00.0 Non-Volatile memory controller: Kingston\n00: 46 26\n", .lspciText),
    ("> 0000:3b:00.1 Ethernet controller: Intel\n>\tCapabilities: [40]\n", .lspciText),
    ("00: 86 80 72 15 06 04 10 00\n10: 04 00 00 00 00 00 00 00\n", .hexDump),
    (
      "00000000  86 80 72 15 06 04 10 00  01 00 00 02 10 00 80 00  |..r.............|\n*\n",
      .hexDump
    ),
    ("00000000: 8680 7215 0604 1000 0100 0002 1000 8000  ..r.............\n", .hexDump),
    ("0000000 86 80 72 15 06 04 10 00\n0000010 01 02 03 04\n", .hexDump),
    (String(repeating: "361b1000", count: 64), .hexDump),
    ("[    0.5] 00000000: 86 80 72 15\n[    0.5] 00000004: 06 04 10 00\n", .hexDump),
    ("just some words", .text), ("Gr\u{fc}\u{df}e", .text), ("\u{feff}name: a\n", .yaml),
  ])
  func textsAreTold(text: String, kind: FileKind) {
    #expect(Self.kind(text) == kind)
    #expect(Self.kind(text.split(separator: "\n").joined(separator: "\r\n")) == kind)
  }

  /// A profile's or a program's state has zeros as a space has, but neither class nor list.
  @Test func bytesAreASpaceIfTheirHeaderIs() throws {
    for name in ["qemu-nvme-pf-vfs-on.txt", "qemu-virtio-net-ats.txt"] {
      let text = try Corpus.bytes("configspace/" + name)
      let space = try #require(ConfigSpaceDump(text: text).devices.first).space
      for count in [64, 256, 4096] {
        #expect(Self.kind(Array(space.bytes.prefix(count))) == .configurationSpace)
      }
    }
    for count in [64, 256, 4096] {
      #expect(Self.kind([1, 0, 0, 0, 2] + [UInt8](repeating: 0, count: count - 5)) == .rawSpace)
    }
  }

  @Test func archivesAreTold() {
    var tar = [UInt8]("host/lspci.txt".utf8)
    tar += [UInt8](repeating: 0, count: 257 - tar.count) + [UInt8]("ustar\0".utf8) + [0x30, 0x30]
    #expect(Self.kind(tar + [UInt8](repeating: 0, count: 10240 - tar.count)) == .archive(.tar))
  }

  @Test func textOfOtherEncodingsIsText() {
    let text = "3b:00.0 Ethernet controller\n00: 86 80 72 15\n"
    let ascii = [UInt8](text.utf8)
    let little: [UInt8] = [0xff, 0xfe] + ascii.flatMap { [$0, 0] }
    let big: [UInt8] = [0xfe, 0xff] + ascii.flatMap { [0, $0] }
    #expect(Self.kind(little) == .lspciText)
    #expect(Self.kind(big) == .lspciText)
    // Latin-1: bytes above ASCII that are no UTF-8.
    #expect(
      Self.kind([UInt8]("Gr".utf8) + [0xfc, 0xdf] + [UInt8]("e aus dem Rechenzentrum".utf8))
        == .text)
  }

  @Test(arguments: [
    "mtty/mtty2-5.json", "profiles/nvme.yaml", "qemu/q35-mtty2.qemu",
    "configspace/qemu-nvme-vf0.txt", "qemu/multifd-0.channel", "streams/torn.dms",
  ])
  func filesOfTheCorpusAreTold(name: String) throws {
    let kinds: [String: FileKind] = [
      "json": .json, "yaml": .profile, "qemu": .qemuStream, "txt": .lspciText,
      "channel": .multifdChannel, "dms": .migrationStream,
    ]
    let ending = String(name.split(separator: ".").last ?? "")
    #expect(Self.kind(try Corpus.bytes(name)) == kinds[ending])
  }
}
