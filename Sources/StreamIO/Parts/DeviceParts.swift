import ByteIO
public import MigrationStream

/// A device in parts, as files and values: a source of records.
public struct DeviceParts: Sendable {
  public var identity: DeviceIdentity
  public var configuration: ConfigurationRecord?
  public var pasids: PASIDTable?
  /// The file with the device's state, `-` for standard input.
  public var statePath: String
  /// How many bytes of the state were read while the device ran.
  public var preCopyByteCount: UInt64

  public init(
    identity: DeviceIdentity = DeviceIdentity(), configuration: ConfigurationRecord? = nil,
    pasids: PASIDTable? = nil, statePath: String, preCopyByteCount: UInt64 = 0
  ) {
    self.identity = identity
    self.configuration = configuration
    self.pasids = pasids
    self.statePath = statePath
    self.preCopyByteCount = preCopyByteCount
  }
}

extension StreamWriter {
  /// Writes devices from their parts, and with them everything but the end of the stream.
  ///
  /// `progress` is told how many state bytes were written, after each chunk.
  public mutating func write(
    _ parts: [DeviceParts], information: StreamInformation, progress: (UInt64) -> Void = { _ in }
  ) throws(StreamIOError) {
    try write(.information(information))
    for (device, part) in zip((0 as UInt16)..., parts) {
      try write(.identity(part.identity, device: device))
      if let configuration = part.configuration {
        try write(.configuration(configuration, device: device))
      }
      if let pasids = part.pasids { try write(.pasids(pasids, device: device)) }
    }
    var total: UInt64 = 0
    for (device, part) in zip((0 as UInt16)..., parts) {
      try writeState(of: part, device: device, total: &total, progress: progress)
    }
  }

  private mutating func writeState(
    of part: DeviceParts, device: UInt16, total: inout UInt64, progress: (UInt64) -> Void
  ) throws(StreamIOError) {
    var input = try InputFile(path: part.statePath)
    var buffer = ByteBuffer()
    var preCopyLeft = part.preCopyByteCount
    while true {
      let limit =
        preCopyLeft > 0
        ? Int(min(preCopyLeft, UInt64(header.limits.chunkByteCount)))
        : Int(header.limits.chunkByteCount)
      buffer.removeAll()
      try input.read(into: &buffer, upTo: limit)
      if buffer.count == 0 { break }
      var context = StateChunk.Context(phase: preCopyLeft > 0 ? .preCopy : .stopCopy)
      preCopyLeft -= min(preCopyLeft, UInt64(buffer.count))
      if context.phase == .preCopy && preCopyLeft == 0 { context.flags.insert(.lastOfIteration) }
      total += UInt64(buffer.count)
      try write(from: &buffer, device: device, context: context)
      progress(total)
    }
    guard preCopyLeft == 0 else {
      throw StreamIOError(
        part.statePath,
        .content(
          "expected \(part.preCopyByteCount) byte\(part.preCopyByteCount == 1 ? "" : "s") of "
            + "pre-copy state, found "
            + "\(part.preCopyByteCount - preCopyLeft)"))
    }
  }
}
