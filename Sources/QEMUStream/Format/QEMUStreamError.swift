/// Why a QEMU stream cannot be read on, or cannot take what shall be put into it.
public struct QEMUStreamError: Error, Sendable, Hashable {
  /// The kind of problem.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case unsupported, torn, malformed, misplaced, irreplaceable, mismatch, refused, unconfirmed
      case notAStream = "not-a-stream"
      case noMainChannel = "no-main-channel"
      case unsupportedVersion = "unsupported-version"
      case limitExceeded = "limit-exceeded"
      case unknownSection = "unknown-section"
      case misleadingDescription = "misleading-description"
      case malformedDescription = "malformed-description"
      case missingPacket = "missing-packet"
      case duplicatePacket = "duplicate-packet"
      case differentMigration = "different-migration"
      case noDevice = "no-device"
      case noReturnPath = "no-return-path"
    }
    private let value: Value

    /// The code in one word, as reports have it.
    public var description: String { value.rawValue }

    /// The first bytes are not those of a QEMU stream, or of a multifd channel.
    public static var notAStream: Self { Self(value: .notAStream) }
    /// Of the files of a migration not exactly one is its main channel; the error has no place.
    public static var noMainChannel: Self { Self(value: .noMainChannel) }
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
    /// More of something than this reader accepts.
    public static var limitExceeded: Self { Self(value: .limitExceeded) }
    /// A section without anything that tells its end.
    public static var unknownSection: Self { Self(value: .unknownSection) }
    /// The description gives a section a size that the section does not have.
    public static var misleadingDescription: Self { Self(value: .misleadingDescription) }
    /// The description is not the JSON that QEMU writes.
    public static var malformedDescription: Self { Self(value: .malformedDescription) }
    /// A multifd packet of a device is missing.
    public static var missingPacket: Self { Self(value: .missingPacket) }
    /// Two multifd packets of a device have the same index.
    public static var duplicatePacket: Self { Self(value: .duplicatePacket) }
    /// Channels that do not belong together.
    public static var differentMigration: Self { Self(value: .differentMigration) }
    /// The stream does not hold the device.
    public static var noDevice: Self { Self(value: .noDevice) }
    /// The stream holds the device in a form that cannot be replaced; the error has no place.
    public static var irreplaceable: Self { Self(value: .irreplaceable) }
    /// A device's configuration is not for the destination's.
    public static var refused: Self { Self(value: .refused) }
    /// Nothing confirms the ends of sections that only footers told.
    public static var unconfirmed: Self { Self(value: .unconfirmed) }
    /// The source of a live stream has not opened QEMU's return path, so it learns of no refusal.
    public static var noReturnPath: Self { Self(value: .noReturnPath) }
    /// What shall be put into a stream does not fit it.
    public static var mismatch: Self { Self(value: .mismatch) }
  }

  /// The kind of problem.
  public let code: Code
  /// The byte concerned, counted from the start of the file.
  public let offset: UInt64
  /// The section concerned: its number and name.
  public internal(set) var section: String?
  /// What the format, or the rest of the stream, asks for.
  public let expected: String
  /// What the stream has in its place.
  public let found: String

  /// An error at byte `offset` of the file.
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

/// Which side of a transfer failed: the stream's content, its source, or the sink.
public enum QEMUTransferError<SourceFailure: Error, SinkFailure: Error>: Error {
  /// The stream's content is not as expected.
  case stream(QEMUStreamError)
  /// The source of bytes failed.
  case source(SourceFailure)
  /// The sink of bytes or records failed.
  case sink(SinkFailure)
}

/// Which side of reading failed; there is no sink.
public typealias QEMUReadError<SourceFailure: Error> = QEMUTransferError<SourceFailure, Never>

extension QEMUTransferError {
  /// The same as an error of a transfer that also has a sink.
  init(_ error: QEMUReadError<SourceFailure>) {
    switch error {
    case .stream(let cause): self = .stream(cause)
    case .source(let cause): self = .source(cause)
    }
  }

  /// The same without the nesting: the source of the reader was itself a transfer.
  init(_ error: QEMUReadError<QEMUTransferError>) {
    switch error {
    case .stream(let cause): self = .stream(cause)
    case .source(let cause): self = cause
    }
  }
}
