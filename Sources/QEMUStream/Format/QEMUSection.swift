/// A section of a QEMU stream: a piece of the state of one device, or of RAM.
public struct QEMUSection: Sendable, Hashable {
  /// The place among its device's sections; the numbers of the format (QEMU migration/savevm.h).
  public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
    /// The first of several, at the start of the migration.
    case start = 1
    /// One more, sent while the machine runs.
    case part = 2
    /// The last one, sent while the machine stands still.
    case end = 3
    /// The only one of a device, or the last in another form.
    case full = 4
  }

  /// The place among the device's sections.
  public let kind: Kind
  /// The number by which the stream knows the device.
  public let id: UInt32
  /// The name of the device.
  public let name: String
  /// Tells devices of one name apart.
  public let instance: UInt32
  /// The version of the device's state.
  public let version: UInt32
  /// The offset of the type byte.
  public let offset: UInt64
  /// The offset of the content.
  public let bodyOffset: UInt64

  /// Whether the section is of a VFIO device (QEMU hw/vfio/migration.c, `vfio_migration_init`).
  public var isVFIO: Bool { name == "vfio" || name.hasSuffix("/vfio") }
  /// Whether the section is of the machine's RAM.
  public var isRAM: Bool { name == "ram" && kind != .full }

  var label: String { "\(id) (\(name))" }

  /// The bytes of the footer: its type and the section's number.
  static var footerByteCount: Int { 5 }
}

extension QEMUSection {
  /// The end of a section, and how it was known.
  public struct End: Sendable, Hashable {
    /// How the end was known.
    public enum Evidence: String, Sendable, Hashable {
      /// The content's own format tells.
      case framing
      /// The stream's description tells.
      case description
      /// The first footer that fits, without a description; a later one may confirm it.
      case footer
      /// The first head that fits, of a stream without footers; a description may confirm it.
      case next
    }

    /// The section that ends.
    public let section: QEMUSection
    /// The number of bytes between the section's head and its footer.
    public let byteCount: UInt64
    /// How the end was known.
    public let evidence: Evidence
  }
}

extension QEMUSection.Kind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .start: "START"
    case .part: "PART"
    case .end: "END"
    case .full: "FULL"
    }
  }
}

/// A command from the source's QEMU to the destination's, between two sections.
public struct QEMUStreamCommand: Sendable, Hashable {
  /// The number of the command (QEMU migration/savevm.c, `enum qemu_vm_cmd`).
  public let number: UInt16
  /// The bytes of its data.
  public let byteCount: UInt16
  /// The offset of its type byte.
  public let offset: UInt64

  static var postcopyAdvise: UInt16 { 3 }
  static var packaged: UInt16 { 7 }

  private static let names = [
    "INVALID", "OPEN_RETURN_PATH", "PING", "POSTCOPY_ADVISE", "POSTCOPY_LISTEN", "POSTCOPY_RUN",
    "POSTCOPY_RAM_DISCARD", "PACKAGED", "RECV_BITMAP", "POSTCOPY_RESUME", "ENABLE_COLO",
    "SWITCHOVER_START",
  ]
  /// The number of commands that QEMU knows.
  static var count: Int { names.count }

  /// The name that QEMU's source gives it.
  public var name: String {
    Int(number) < Self.names.count ? Self.names[Int(number)] : "command \(number)"
  }
}

/// The type byte of a part of a QEMU stream that is no section (QEMU migration/savevm.h).
enum QEMUPartType: UInt8 {
  case end = 0
  case description = 6
  case configuration = 7
  case command = 8
  case footer = 0x7e

  static var magic: UInt32 { 0x5145_564d }
  static var version: UInt32 { 3 }
}
