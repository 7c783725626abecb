import ByteIO

/// The first 56 bytes of a stream: what it is, which features it needs, and the limits that its
/// writer keeps to.
public struct StreamHeader: Sendable, Hashable {
  /// `89 'D' 'M' 'S' CR LF ^Z LF`: a byte above 0x7f, both line ends and a DOS end of file, so that
  /// a transfer in text mode is noticed at once.
  public static let magic: [UInt8] = [0x89, 0x44, 0x4d, 0x53, 0x0d, 0x0a, 0x1a, 0x0a]
  /// The most channels that carry a stream.
  public static let channelLimit: UInt16 = 16
  /// The size of the encoded header.
  public static let byteCount = 56
  /// The version that this module knows; it reads every minor version of this major one.
  public static let currentVersion = Version(major: 1, minor: 2)

  /// A version of the format: readers refuse another major one and read any minor one.
  public struct Version: Sendable, Hashable {
    /// Changes if older readers cannot read the stream.
    public var major: UInt16
    /// Changes if something was added that older readers pass over.
    public var minor: UInt16

    /// The version `major`.`minor`.
    public init(major: UInt16, minor: UInt16) {
      self.major = major
      self.minor = minor
    }
  }

  /// Features of which a reader must know every one that is set.
  public struct MandatoryFeatures: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Chunks coded against earlier chunks, which a reader holds within the window.
    public static var deltas: Self { Self(rawValue: 1) }
    /// Chunks coded with dictionaries that the identities of their devices name.
    public static var dictionaries: Self { Self(rawValue: 2) }
    /// What this module implements.
    public static var supported: Self { [.deltas, .dictionaries] }
  }

  /// The version of the format that the stream was written in.
  public var version: Version
  /// The features that a reader must know.
  public var mandatoryFeatures: MandatoryFeatures
  /// Features that a reader may ignore; none is defined yet.
  public var optionalFeatures: UInt32
  /// The name of the stream, which every record header's checksum begins with.
  public var uuid: StreamUUID
  /// This channel's number, below `channelCount`.
  public var channel: UInt16
  /// How many channels carry the stream, 1 to `channelLimit`.
  public var channelCount: UInt16
  /// The limits that the writer keeps to.
  public var limits: StreamLimits

  /// A header; unless told otherwise, its features are those that its limits need, and its version
  /// the first that has those and its channels.
  public init(
    uuid: StreamUUID, limits: StreamLimits = .standard, version: Version? = nil,
    mandatoryFeatures: MandatoryFeatures? = nil, optionalFeatures: UInt32 = 0,
    channel: UInt16 = 0, channelCount: UInt16 = 1
  ) {
    let features = mandatoryFeatures ?? (limits.windowByteCount > 0 ? .deltas : [])
    self.version =
      version
      ?? Version(major: 1, minor: channelCount > 1 ? 2 : features.isEmpty ? 0 : 1)
    self.mandatoryFeatures = features
    self.optionalFeatures = optionalFeatures
    self.uuid = uuid
    self.channel = channel
    self.channelCount = channelCount
    self.limits = limits
  }
}

extension StreamHeader {
  /// Reads and checks the first 56 bytes of a stream.
  ///
  /// The version and the features are checked before anything that a newer version may have
  /// changed.
  public init(parsing bytes: RawSpan) throws(StreamError) {
    guard bytes.byteCount >= Self.byteCount else {
      throw StreamError(
        .torn, at: UInt64(bytes.byteCount), expected: "a stream header of \(Self.byteCount) bytes",
        found: "\(bytes.byteCount) bytes")
    }
    guard Self.hasMagic(bytes) else {
      throw StreamError(
        .notAStream, at: 0, expected: "a .dms stream (89 44 4d 53 0d 0a 1a 0a)",
        found: hex([UInt8](bytes.extracting(0..<8)), separator: " "))
    }
    let header = Self.fields(of: bytes)
    guard header.version.major == Self.currentVersion.major else {
      throw StreamError(
        .unsupportedVersion, at: 8, expected: "major version \(Self.currentVersion.major)",
        found: "version \(header.version.major).\(header.version.minor)")
    }
    let checksum = CRC32C.checksum(of: bytes.extracting(0..<52))
    guard checksum == bytes.little(UInt32.self, at: 52) else {
      throw StreamError(
        .headerChecksum, at: 0,
        expected: "checksum 0x\(hex(checksum, digits: 8)) of the stream header",
        found: "0x\(hex(bytes.little(UInt32.self, at: 52), digits: 8))")
    }
    let unknown = header.mandatoryFeatures.subtracting(.supported)
    guard unknown.isEmpty else {
      throw StreamError(
        .unsupportedFeature, at: 12, expected: "no mandatory feature but those of version 1.2",
        found: "feature bits 0x\(hex(unknown.rawValue, digits: 8))")
    }
    guard (1...Self.channelLimit).contains(header.channelCount),
      header.channel < header.channelCount
    else {
      throw StreamError(
        .unsupportedFeature, at: 36, expected: "one of at most \(Self.channelLimit) channels",
        found: "channel \(header.channel) of \(header.channelCount)")
    }
    guard StreamLimits.chunkRange.contains(Int(header.limits.chunkByteCount)) else {
      throw StreamError(
        .limitExceeded, at: 40,
        expected: "a chunk limit from \(StreamLimits.chunkRange.lowerBound) to "
          + "\(StreamLimits.chunkRange.upperBound)",
        found: "\(header.limits.chunkByteCount)")
    }
    guard header.limits.metadataByteCount <= StreamLimits.maximumMetadataByteCount else {
      throw StreamError(
        .limitExceeded, at: 44,
        expected: "a metadata limit up to \(StreamLimits.maximumMetadataByteCount)",
        found: "\(header.limits.metadataByteCount)")
    }
    self = header
  }

  private static func hasMagic(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= 8 && (0..<8).allSatisfy { bytes[byte: $0] == magic[$0] }
  }

  /// What can be made of the 56 bytes of a damaged header; nil unless the magic is there or the
  /// caller knows otherwise that this is a stream.
  package init?(unchecked bytes: RawSpan, isPlausible: Bool) {
    guard bytes.byteCount >= Self.byteCount, isPlausible || Self.hasMagic(bytes) else {
      return nil
    }
    self = Self.fields(of: bytes)
  }

  private static func fields(of bytes: RawSpan) -> StreamHeader {
    let features = MandatoryFeatures(rawValue: bytes.little(UInt32.self, at: 12))
    let window = features.contains(.deltas) ? bytes.little(UInt32.self, at: 48) : 0
    return StreamHeader(
      uuid: StreamUUID(bytes: [UInt8](bytes.extracting(20..<36))) ?? .random(),
      limits: StreamLimits(
        chunkByteCount: bytes.little(UInt32.self, at: 40),
        metadataByteCount: bytes.little(UInt32.self, at: 44),
        windowByteCount: UInt64(window) * StreamLimits.windowUnit),
      version: Version(
        major: bytes.little(UInt16.self, at: 8), minor: bytes.little(UInt16.self, at: 10)),
      mandatoryFeatures: features,
      optionalFeatures: bytes.little(UInt32.self, at: 16),
      channel: bytes.little(UInt16.self, at: 36),
      channelCount: bytes.little(UInt16.self, at: 38))
  }

  /// What the checksum of every record header of the stream continues from.
  package var uuidChecksum: UInt32 { CRC32C.checksum(of: uuid.bytes.span.raw) }

  /// The 56 bytes.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(reserving: Self.byteCount)
    writer.append(Self.magic)
    writer.little(version.major)
    writer.little(version.minor)
    writer.little(mandatoryFeatures.rawValue)
    writer.little(optionalFeatures)
    writer.append(uuid.bytes)
    writer.little(channel)
    writer.little(channelCount)
    writer.little(limits.chunkByteCount)
    writer.little(limits.metadataByteCount)
    writer.little(UInt32(limits.windowByteCount / StreamLimits.windowUnit))
    writer.little(CRC32C.checksum(of: writer.bytes.span.raw))
    return writer.bytes
  }
}
