/// Why a stream could not be read or written, and where.
public struct StreamError: Error, Sendable, Hashable {
  /// The kind of problem; `Code`s are what callers branch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case torn, compression
      case notAStream = "not-a-stream"
      case unsupportedVersion = "unsupported-version"
      case unsupportedFeature = "unsupported-feature"
      case limitExceeded = "limit-exceeded"
      case headerChecksum = "header-checksum"
      case payloadChecksum = "payload-checksum"
      case malformedRecord = "malformed-record"
      case malformedField = "malformed-field"
      case misplacedRecord = "misplaced-record"
      case unknownMandatoryRecord = "unknown-mandatory-record"
      case unknownMandatoryField = "unknown-mandatory-field"
      case discontinuousState = "discontinuous-state"
      case corruptChunk = "corrupt-chunk"
      case digestMismatch = "digest-mismatch"
      case totalsMismatch = "totals-mismatch"
      case indexMismatch = "index-mismatch"
      case trailingData = "trailing-data"
      case unwilling
      case windowExceeded = "window-exceeded"
      case missingDictionary = "missing-dictionary"
      case oneChannel = "one-channel"
    }
    private let value: Value

    /// The code in one word, as reports have it.
    public var description: String { value.rawValue }

    /// Whether the stream is torn or damaged; else this reader cannot read it, or will not.
    public var isDamage: Bool {
      switch value {
      case .unsupportedVersion, .unsupportedFeature, .unknownMandatoryRecord,
        .unknownMandatoryField, .unwilling, .windowExceeded, .missingDictionary, .oneChannel,
        .compression:
        false
      default: true
      }
    }

    /// The first bytes are not those of a `.dms` stream.
    public static var notAStream: Self { Self(value: .notAStream) }
    /// A newer major version.
    public static var unsupportedVersion: Self { Self(value: .unsupportedVersion) }
    /// A mandatory feature bit that this reader does not know.
    public static var unsupportedFeature: Self { Self(value: .unsupportedFeature) }
    /// A length above the stream's declared limit, or the format's.
    public static var limitExceeded: Self { Self(value: .limitExceeded) }
    /// More than every reader takes, of devices or of fields: not damage, but more than this one is
    /// willing to take.
    public static var unwilling: Self { Self(value: .unwilling) }
    /// A window above the reader's own limit: not damage, but more memory than it is willing to
    /// give.
    public static var windowExceeded: Self { Self(value: .windowExceeded) }
    /// A chunk that is coded with a dictionary that this reader does not have.
    public static var missingDictionary: Self { Self(value: .missingDictionary) }
    /// One channel of several, which has a part of the chunks, where all of the stream is needed.
    public static var oneChannel: Self { Self(value: .oneChannel) }
    /// The stream header, a record header or the footer does not match its checksum.
    public static var headerChecksum: Self { Self(value: .headerChecksum) }
    /// A record's stored payload does not match its checksum.
    public static var payloadChecksum: Self { Self(value: .payloadChecksum) }
    /// A record whose header contradicts itself or the format.
    public static var malformedRecord: Self { Self(value: .malformedRecord) }
    /// A field of a metadata record that does not hold what its tag says.
    public static var malformedField: Self { Self(value: .malformedField) }
    /// A record where the format's order does not allow it.
    public static var misplacedRecord: Self { Self(value: .misplacedRecord) }
    /// A record that must be understood, of a type that this reader does not know.
    public static var unknownMandatoryRecord: Self { Self(value: .unknownMandatoryRecord) }
    /// A field that must be understood, with a tag that this reader does not know.
    public static var unknownMandatoryField: Self { Self(value: .unknownMandatoryField) }
    /// A chunk that does not begin where the device's state ended.
    public static var discontinuousState: Self { Self(value: .discontinuousState) }
    /// A chunk whose stored bytes do not decode to the length that its header gives.
    public static var corruptChunk: Self { Self(value: .corruptChunk) }
    /// A device's state does not have the digest of its summary.
    public static var digestMismatch: Self { Self(value: .digestMismatch) }
    /// A summary or the end record counts otherwise than the stream.
    public static var totalsMismatch: Self { Self(value: .totalsMismatch) }
    /// The index or the footer says otherwise than the stream.
    public static var indexMismatch: Self { Self(value: .indexMismatch) }
    /// The stream stops before it is complete.
    public static var torn: Self { Self(value: .torn) }
    /// Bytes after the footer.
    public static var trailingData: Self { Self(value: .trailingData) }
    /// libzstd failed, for want of memory.
    public static var compression: Self { Self(value: .compression) }
  }

  /// The kind of the failure.
  public let code: Code
  /// The first byte concerned, counted from the start of the stream.
  public let offset: UInt64
  /// The number of the record concerned, counted from 0.
  public let record: UInt32?
  /// The device concerned, as the stream numbers them.
  public let device: UInt16?
  /// The content that a sound stream would have here.
  public let expected: String
  /// The content that is here.
  public let found: String

  /// An error at byte `offset` of the stream, in record `record` of `device` if it lies in one.
  public init(
    _ code: Code, at offset: UInt64, record: UInt32? = nil, device: UInt16? = nil,
    expected: String, found: String
  ) {
    self.code = code
    self.offset = offset
    self.record = record
    self.device = device
    self.expected = expected
    self.found = found
  }
}

extension StreamError: CustomStringConvertible {
  /// `offset N, record N, device N: expected …, found …`.
  public var description: String {
    var place = "offset \(offset)"
    if let record { place += ", record \(record)" }
    if let device { place += ", device \(device)" }
    return "\(place): expected \(expected), found \(found)"
  }
}
