import ByteIO

/// The head of an image that libvirt saves a machine into: by `virsh save`, a managed save, or an
/// external snapshot of its memory.
///
/// The head is followed by the domain's XML, a cookie and padding, and those by QEMU's migration
/// stream (libvirt, `src/qemu/qemu_saveimage.h`).
public struct LibvirtSaveHeader: Sendable, Hashable {
  /// How QEMU's stream is stored.
  public enum Format: UInt32, Sendable, Hashable, CaseIterable {
    case raw, gzip, bzip2, xz, lzop, zstd
    /// Mapped RAM, whose pages have their places in the image.
    case sparse
  }

  /// The bytes of the head.
  public static var byteCount: Int { 92 }
  // A whole machine's XML is some KiB, and libvirt adds 64 KiB for its edits.
  private static var longestDataByteCount: UInt32 { 64 << 20 }
  private static let newestVersion: UInt32 = 2
  private static let magic = [UInt8]("LibvirtQemudSave".utf8)
  private static let incompleteMagic = [UInt8]("LibvirtQemudPart".utf8)

  /// The version: 1, which knows no compression, or 2.
  public let version: UInt32
  /// The bytes between the head and the stream.
  public let dataByteCount: UInt32
  /// Whether the machine ran when it was saved.
  public let wasRunning: Bool
  /// How the stream is stored.
  public let format: Format
  /// The offset of the cookie behind the head; 0 without one.
  public let cookieOffset: UInt32

  /// The offset of QEMU's stream in the image.
  public var streamOffset: UInt64 { UInt64(Self.byteCount) + UInt64(dataByteCount) }

  /// Whether `bytes` begin as an image does, one that is not complete too.
  public static func begins(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount >= magic.count else { return false }
    let front = [UInt8](bytes.extracting(first: magic.count))
    return front == magic || front == incompleteMagic
  }

  /// Reads the head at the front of `bytes`, in either order of bytes.
  ///
  /// - Throws: `torn` if there are fewer bytes than a head has; `notAStream`, `unsupported`,
  ///   `unsupportedVersion` or `malformed` as libvirt refuses an image, with the field's offset.
  public init(parsing bytes: RawSpan) throws(QEMUStreamError) {
    guard Self.begins(bytes) else {
      throw QEMUStreamError(
        .notAStream, at: 0, expected: "a libvirt save image ('LibvirtQemudSave')",
        found: "other bytes")
    }
    guard bytes.byteCount >= Self.byteCount else {
      throw QEMUStreamError(
        .torn, at: UInt64(bytes.byteCount),
        expected: "\(Self.byteCount) bytes of a libvirt save image's head",
        found: "\(bytes.byteCount), and the end of the input")
    }
    guard [UInt8](bytes.extracting(first: Self.magic.count)) == Self.magic else {
      throw QEMUStreamError(
        .torn, at: 0, expected: "a libvirt save image that is complete",
        found: "one whose saving did not end ('LibvirtQemudPart')")
    }
    // The order that gives the smaller version: a newer one than is known may be in either.
    let stored = bytes.little(UInt32.self, at: 16)
    let isSwapped = stored.byteSwapped < stored
    func word(_ offset: Int) -> UInt32 {
      let value = bytes.little(UInt32.self, at: offset)
      return isSwapped ? value.byteSwapped : value
    }
    version = word(16)
    guard (1...Self.newestVersion).contains(version) else {
      throw QEMUStreamError(
        .unsupportedVersion, at: 16,
        expected: "a libvirt save image of version 1 or \(Self.newestVersion)",
        found: "version \(word(16))")
    }
    dataByteCount = word(20)
    guard (1...Self.longestDataByteCount).contains(dataByteCount) else {
      throw QEMUStreamError(
        .malformed, at: 20,
        expected: "1 to \(Self.longestDataByteCount) bytes of XML before the stream",
        found: "\(word(20))")
    }
    wasRunning = word(24) != 0
    // The first version stored no format.
    guard let format = version == 1 ? Format.raw : Format(rawValue: word(28)) else {
      throw QEMUStreamError(
        .unsupported, at: 28, expected: "a format from 0 to \(Format.allCases.count - 1)",
        found: "\(word(28))")
    }
    self.format = format
    cookieOffset = word(32)
    guard cookieOffset <= dataByteCount else {
      throw QEMUStreamError(
        .malformed, at: 32, expected: "a cookie within the \(dataByteCount) bytes of XML",
        found: "offset \(word(32))")
    }
  }
}
