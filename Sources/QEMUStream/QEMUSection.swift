/// A section of a QEMU stream: a piece of what one device, or RAM, has to say.
public struct QEMUSection: Sendable, Hashable {
  /// Which piece it is; the numbers of the format (QEMU migration/savevm.h).
  public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
    /// The first of several, at the start of the migration.
    case start = 1
    /// One more, sent while the machine runs.
    case part = 2
    /// The last one, sent while the machine stands still.
    case end = 3
    /// All that a device has.
    case full = 4
  }

  public let kind: Kind
  /// The number by which the stream knows the device.
  public let id: UInt32
  public let name: String
  public let instance: UInt32
  public let version: UInt32
  /// Where the section begins, its type byte first.
  public let offset: UInt64
  /// Where its content begins.
  public let bodyOffset: UInt64

  /// Whether the section is of a VFIO device (QEMU hw/vfio/migration.c, `vfio_migration_init`).
  public var isVFIO: Bool { name == "vfio" || name.hasSuffix("/vfio") }
  /// Whether the section is of the machine's RAM.
  public var isRAM: Bool { name == "ram" && kind != .full }

  var label: String { "\(id) (\(name))" }
}

extension QEMUSection {
  /// Where a section ended, and how that was known.
  public struct End: Sendable, Hashable {
    /// What told the end.
    public enum Evidence: String, Sendable, Hashable {
      /// The content says itself where it ends.
      case framing
      /// The stream's own description.
      case description
      /// The footer that was looked for, for want of a description; a later description may confirm it.
      case footer
    }

    public let section: QEMUSection
    /// The number of bytes between the section's head and its footer.
    public let byteCount: UInt64
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
