import ByteIO
import MigrationStream

/// The first bytes by which a kind of file is told.
struct Signature {
  let bytes: [UInt8]
  let kind: FileKind

  private init(_ bytes: [UInt8], _ kind: FileKind) {
    self.bytes = bytes
    self.kind = kind
  }

  private init(_ text: String, _ kind: FileKind) { self.init([UInt8](text.utf8), kind) }

  private static let all = [
    Signature(StreamHeader.magic, .migrationStream),
    Signature("QEVM", .qemuStream),
    Signature([0x11, 0x22, 0x33, 0x44], .multifdChannel),
    Signature("LibvirtQemudSave", .libvirtSaveImage),
    // One that is being written, or could not be.
    Signature("LibvirtQemudPart", .libvirtSaveImage),
    Signature("QFI".utf8 + [0xfb], .qcow2),
    Signature([0x7f] + "ELF".utf8, .elf),
    Signature("PK".utf8 + [0x03, 0x04], .archive(.zip)),
    Signature([0x1f, 0x8b, 0x08], .compressed(.gzip)),
    Signature([0xfd] + "7zXZ\0".utf8, .compressed(.xz)),
    Signature([0x28, 0xb5, 0x2f, 0xfd], .compressed(.zstd)),
    Signature([0x89] + "LZO\0\r\n\u{1a}\n".utf8, .compressed(.lzop)),
  ]

  /// The kind whose signature `prefix` begins with; nil without one.
  static func kind(of prefix: RawSpan) -> FileKind? {
    for signature in all where prefix.begins(with: signature.bytes) { return signature.kind }
    if isTar(prefix) { return .archive(.tar) }
    return isBzip2(prefix) ? .compressed(.bzip2) : nil
  }

  /// The magic of POSIX and GNU behind the first file's name and numbers.
  private static func isTar(_ prefix: RawSpan) -> Bool {
    prefix.byteCount >= 262 && [UInt8](prefix.extracting(257..<262)) == [UInt8]("ustar".utf8)
  }

  /// `BZh`, the size of the blocks as a digit, and the mark of a block or of the end.
  private static func isBzip2(_ prefix: RawSpan) -> Bool {
    guard prefix.byteCount >= 10, prefix.begins(with: [UInt8]("BZh".utf8)),
      (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(prefix[byte: 3])
    else { return false }
    let mark = [UInt8](prefix.extracting(4..<10))
    return mark == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
      || mark == [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]
  }
}

extension RawSpan {
  fileprivate func begins(with bytes: [UInt8]) -> Bool {
    byteCount >= bytes.count && extracting(first: bytes.count) == bytes.span.raw
  }
}
