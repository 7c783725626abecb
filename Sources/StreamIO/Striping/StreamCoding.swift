public import ByteIO
public import MigrationStream

/// How a stream is coded, however many channels it goes over.
public struct StreamCoding: Sendable {
  /// What the stream, or each of its channels, begins with; its window is for all of them together.
  public var header: StreamHeader
  /// What chunks are coded with.
  public var policy: CodingPolicy
  /// The threads that code, for all channels together; each has one at least.
  public var threads: ThreadCount

  /// The coding of a stream with this header.
  public init(_ header: StreamHeader, policy: CodingPolicy, threads: ThreadCount) {
    self.header = header
    self.policy = policy
    self.threads = threads
  }

  /// A writer of one of `channelCount` channels into `output`.
  public func writer(
    to output: consuming any ByteSink<StreamIOError> & ~Copyable, channel: UInt16 = 0,
    of channelCount: UInt16 = 1
  ) throws(StreamIOError) -> StreamWriter {
    try StreamWriter(
      to: output, header: header.channel(channel, of: channelCount), policy: policy,
      threads: threads.share(of: Int(channelCount)))
  }
}

extension StreamHeader {
  /// The header of a channel of the stream with this one.
  func channel(_ number: UInt16, of count: UInt16) -> StreamHeader {
    guard count > 1 else { return self }
    let window = limits.windowByteCount / UInt64(count) / StreamLimits.windowUnit
    var features = mandatoryFeatures
    if window == 0 { features.remove(.deltas) }
    return StreamHeader(
      uuid: uuid,
      limits: StreamLimits(
        chunkByteCount: limits.chunkByteCount, metadataByteCount: limits.metadataByteCount,
        windowByteCount: window * StreamLimits.windowUnit),
      mandatoryFeatures: features, optionalFeatures: optionalFeatures, channel: number,
      channelCount: count)
  }
}
