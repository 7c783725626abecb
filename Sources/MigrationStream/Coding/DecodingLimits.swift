/// What a reader is willing to spend on a stream, whatever the stream says of itself.
public struct DecodingLimits: Sendable, Hashable {
  /// The greatest chunk limit that a stream may declare.
  public var chunkByteCount: Int
  /// The greatest metadata limit that a stream may declare.
  public var metadataByteCount: Int
  /// The most devices of a stream.
  public var deviceCount: Int
  /// The greatest window that a stream may declare.
  public var windowByteCount: UInt64

  /// Whether one of several channels is taken by itself, though it has a part of the chunks.
  public var takesOneChannel = false

  /// The window that writers declare unless told otherwise: 64 MiB.
  public static let standardWindowByteCount: UInt64 = 64 << 20

  /// The most devices of a stream that every reader takes, and no writer exceeds.
  public static let everyReadersDeviceCount = 4096

  /// Chunks of 4 MiB, metadata records of 4 MiB, 4096 devices, a window of 64 MiB: everything that
  /// Ferry writes unless it is told to.
  public static var standard: Self {
    Self(
      chunkByteCount: 4 << 20, metadataByteCount: 4 << 20, deviceCount: everyReadersDeviceCount)
  }

  /// The same with a window of any size: of readers that look up a chunk in a file when one refers
  /// to it, and so hold none.
  public static var randomAccess: Self {
    var limits = standard
    limits.windowByteCount = .max
    return limits
  }

  /// Limits that a reader holds a stream's declared limits against.
  public init(
    chunkByteCount: Int, metadataByteCount: Int, deviceCount: Int,
    windowByteCount: UInt64 = Self.standardWindowByteCount
  ) {
    self.windowByteCount = windowByteCount
    self.chunkByteCount = chunkByteCount
    self.metadataByteCount = metadataByteCount
    self.deviceCount = deviceCount
  }
}

extension DecodingLimits {
  /// Throws `unwilling`, or `windowExceeded`, if `header` declares more, and `oneChannel` if it is
  /// not of a whole stream and is to be.
  package func check(_ header: StreamHeader) throws(StreamError) {
    guard header.limits.chunkByteCount <= chunkByteCount else {
      throw StreamError(
        .unwilling, at: 40, expected: "chunks of at most \(chunkByteCount) bytes",
        found: "\(header.limits.chunkByteCount)")
    }
    guard header.limits.metadataByteCount <= metadataByteCount else {
      throw StreamError(
        .unwilling, at: 44, expected: "metadata of at most \(metadataByteCount) bytes",
        found: "\(header.limits.metadataByteCount)")
    }
    guard header.limits.windowByteCount <= windowByteCount else {
      throw StreamError(
        .windowExceeded, at: 48, expected: "a window of at most \(windowByteCount) bytes",
        found: "\(header.limits.windowByteCount)")
    }
    guard takesOneChannel || header.channelCount == 1 else {
      throw StreamError(
        .oneChannel, at: 36,
        expected: "a whole stream",
        found: "channel \(header.channel) of \(header.channelCount) alone")
    }
  }
}
