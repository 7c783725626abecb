/// Why a QEMU stream cannot be read on, and from where.
public struct QEMUStreamError: Error, Sendable, Hashable {
  /// The kind of problem.
  public struct Code: Sendable, Hashable {
    private enum Value {
      case notAStream, unsupportedVersion, unsupported, torn, malformed, misplaced, limitExceeded
      case unknownSection, misleadingDescription, malformedDescription, missingPacket
      case duplicatePacket, differentMigration, noDevice, mismatch
    }
    private let value: Value

    /// The first bytes are not those of a QEMU stream, or of a multifd channel.
    public static var notAStream: Self { Self(value: .notAStream) }
    /// A version of the framing that this reader does not know.
    public static var unsupportedVersion: Self { Self(value: .unsupportedVersion) }
    /// Something that only a live connection has (RDMA), or that this reader does not know.
    public static var unsupported: Self { Self(value: .unsupported) }
    /// The input ends before the stream does.
    public static var torn: Self { Self(value: .torn) }
    /// Bytes that contradict the format.
    public static var malformed: Self { Self(value: .malformed) }
    /// A part that must not come here.
    public static var misplaced: Self { Self(value: .misplaced) }
    /// More of something than this reader takes.
    public static var limitExceeded: Self { Self(value: .limitExceeded) }
    /// A section whose end nothing tells.
    public static var unknownSection: Self { Self(value: .unknownSection) }
    /// The description gives a section a size that the section does not have.
    public static var misleadingDescription: Self { Self(value: .misleadingDescription) }
    /// The description is not the JSON that QEMU writes.
    public static var malformedDescription: Self { Self(value: .malformedDescription) }
    /// Multifd packets of a device are not all there.
    public static var missingPacket: Self { Self(value: .missingPacket) }
    /// Two multifd packets of a device have one index.
    public static var duplicatePacket: Self { Self(value: .duplicatePacket) }
    /// Channels that do not belong together.
    public static var differentMigration: Self { Self(value: .differentMigration) }
    /// The stream does not hold the device.
    public static var noDevice: Self { Self(value: .noDevice) }
    /// What shall be put into a stream does not fit it.
    public static var mismatch: Self { Self(value: .mismatch) }
  }

  public let code: Code
  /// The byte concerned, counted from the start of the file.
  public let offset: UInt64
  /// The section concerned: its number and name.
  public internal(set) var section: String?
  public let expected: String
  public let found: String

  public init(
    _ code: Code, at offset: UInt64, section: String? = nil, expected: String, found: String
  ) {
    self.code = code
    self.offset = offset
    self.section = section
    self.expected = expected
    self.found = found
  }
}

extension QEMUStreamError: CustomStringConvertible {
  /// `offset N, section N (NAME): expected …, found …`.
  public var description: String {
    let place = section.map { ", section \($0)" } ?? ""
    return "offset \(offset)\(place): expected \(expected), found \(found)"
  }
}
