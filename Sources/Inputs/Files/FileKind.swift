import ByteIO
import PCIConfig
import StateLayout

/// What a file is, told by its content.
///
/// Only its first bytes are looked at, so that a kind says what a file claims to be and not that it
/// is whole.
public enum FileKind: Sendable, Hashable {
  /// No bytes.
  case empty
  /// A `.dms` stream.
  case migrationStream
  /// The main channel of a QEMU migration.
  case qemuStream
  /// A multifd channel of a QEMU migration.
  case multifdChannel
  /// What `virsh save` writes: a QEMU stream, perhaps compressed, behind a header.
  case libvirtSaveImage
  /// A disk image, which may have a machine's state in its snapshots.
  case qcow2
  /// The `state.json` of a Cloud Hypervisor snapshot.
  case cloudHypervisorState
  /// The folder of a Cloud Hypervisor snapshot.
  case cloudHypervisorFolder
  /// Files packed into one.
  case archive(Archive)
  /// Any content, compressed as a whole.
  case compressed(Compression)
  /// The text of `lspci`, with or without bytes.
  case lspciText
  /// Bytes as hexadecimal text: of `hexdump`, `xxd`, `od`, or only digits.
  case hexDump
  /// A log in which QEMU says that it refuses a configuration.
  case qemuLog
  /// What a device was asked, as `--trace` writes it.
  case trace
  /// A vPCI profile.
  case profile
  /// Other YAML, as facts and PASID tables are.
  case yaml
  /// JSON of another kind than the above.
  case json
  /// A program or a library.
  case elf
  /// Other text.
  case text
  /// Device state that says by its content which layout it has, by the layout's name.
  case deviceState(String)
  /// The bytes of a configuration space, with a header that a function has.
  case configurationSpace
  /// Bytes that may be a configuration space: their number is one, and nothing else is known of
  /// them.
  case rawSpace
  /// Bytes of no kind that is known, as device state is.
  case bytes

  /// The formats of archives.
  public enum Archive: String, Sendable, Hashable, CaseIterable {
    case tar, zip
  }

  /// The formats of compressors, by the programs that unpack them.
  public enum Compression: String, Sendable, Hashable, CaseIterable {
    case gzip, bzip2, xz, zstd, lzop
  }

  /// The bytes of a file's front that tell all there is to tell.
  public static var prefixByteCount: Int { 16 << 10 }

  /// Tells what a file is.
  ///
  /// - Parameters:
  ///   - prefix: its first bytes; `prefixByteCount` of them, or all, tell most.
  ///   - byteCount: its size; nil if that is not known, as of a pipe.
  public init(prefix: RawSpan, byteCount: UInt64?) {
    if byteCount == 0 || prefix.byteCount == 0 {
      self = .empty
    } else if let kind = Signature.kind(of: prefix) {
      self = kind
    } else if prefix.isText {
      self = TextKind(prefix).fileKind
    } else if let layout = Self.layout(of: prefix, byteCount) {
      self = .deviceState(layout)
    } else if Self.isSpace(prefix, byteCount) {
      self = Self.hasSoundHeader(prefix) ? .configurationSpace : .rawSpace
    } else {
      self = .bytes
    }
  }

  /// The same of bytes in an array.
  public init(prefix: [UInt8], byteCount: UInt64?) {
    self.init(prefix: prefix.span.raw, byteCount: byteCount)
  }

  /// Whether the kind is one of text.
  public var isText: Bool {
    switch self {
    case .lspciText, .hexDump, .qemuLog, .trace, .profile, .yaml, .json, .cloudHypervisorState,
      .text:
      true
    default: false
    }
  }

  /// The layout of state whose content leaves no doubt.
  private static func layout(of prefix: RawSpan, _ byteCount: UInt64?) -> String? {
    let front = [UInt8](prefix.extracting(first: min(prefix.byteCount, 1024)))
    let detection = Layout.detect(
      prefix: front, byteCount: byteCount ?? UInt64(prefix.byteCount))
    guard let best = detection.best, best.certainty == .certain else { return nil }
    return best.layout.name
  }

  // MARK: Spaces

  // What a function has, what a reader without rights sees of it, and what VFIO's sample devices
  // report; and what such a reader sees of a CardBus bridge.
  private static let spaceByteCounts: Set<UInt64> = [64, 255, 256, 4096]
  private static let cardBusByteCount: UInt64 = 128
  private static let cardBusHeader: UInt8 = 2

  /// Whether the bytes may be a configuration space; those of an unusual number need a header that
  /// a function could have.
  private static func isSpace(_ prefix: RawSpan, _ byteCount: UInt64?) -> Bool {
    guard let byteCount, prefix.byteCount >= 64 else { return false }
    if spaceByteCounts.contains(byteCount) { return true }
    guard (64...4096).contains(byteCount) else { return false }
    let header = prefix[byte: 0x0e] & 0x7f
    if byteCount == cardBusByteCount && header == cardBusHeader { return true }
    let vendor = prefix.little(UInt16.self, at: 0)
    let baseClass = prefix[byte: 0x0b]
    return header <= cardBusHeader && vendor != 0 && vendor != 0xffff
      && (baseClass <= 0x14 || baseClass == 0x40 || baseClass == 0xff)
      // Of Command 0 to 10 are defined, of Status all but bits 1 and 2 (PCIe 7.5.1.1).
      && prefix.little(UInt16.self, at: 0x04) & 0xf800 == 0
      && prefix.little(UInt16.self, at: 0x06) & 0x0006 == 0
  }
}

extension FileKind {
  /// Whether the bytes of a space are one beyond doubt: nothing in them contradicts itself, and
  /// there is a class or a capability, which other bytes have by chance only.
  private static func hasSoundHeader(_ prefix: RawSpan) -> Bool {
    let bytes = [UInt8](prefix.extracting(first: min(prefix.byteCount, 4096)))
    guard let space = try? ConfigSpace(bytes, isWhole: false), !space.isAllOnes,
      space.contradictions.isEmpty
    else { return false }
    return space.classCode >> 16 != 0 || !space.capabilityList.capabilities.isEmpty
  }
}

extension FileKind: CustomStringConvertible {
  /// What the file is, with its article: `a QEMU migration stream`.
  public var description: String {
    switch self {
    case .empty: "an empty file"
    case .migrationStream: "a .dms stream"
    case .qemuStream: "a QEMU migration stream"
    case .multifdChannel: "a multifd channel of a QEMU migration"
    case .libvirtSaveImage: "a libvirt save image"
    case .qcow2: "a qcow2 disk image"
    case .cloudHypervisorState: "the state of a Cloud Hypervisor snapshot"
    case .cloudHypervisorFolder: "the folder of a Cloud Hypervisor snapshot"
    case .archive(let format): "a \(format.rawValue) archive"
    case .compressed(let format): "data compressed by \(format.rawValue)"
    case .lspciText: "the text of lspci"
    case .hexDump: "bytes in hexadecimal text"
    case .qemuLog: "a log of QEMU's load check"
    case .trace: "a trace"
    case .profile: "a vPCI profile"
    case .yaml: "YAML"
    case .json: "JSON"
    case .elf: "an ELF program or library"
    case .text: "text"
    case .deviceState(let layout): "device state of the layout \(layout)"
    case .configurationSpace: "a configuration space"
    case .rawSpace: "bytes that may be a configuration space"
    case .bytes: "bytes of no known kind"
    }
  }
}
