import ByteIO
public import MigrationStream

/// Devices in parts, as files and values, as a source of records.
public struct PartsSource: RecordSource, ~Copyable {
  /// A device in parts.
  public struct Part: Sendable {
    /// What the stream is to say of it before its state.
    public var introduction: DeviceIntroduction
    /// The file with the device's state, `-` for standard input.
    public var statePath: String
    /// How many bytes of the state were read while the device ran.
    public var preCopyByteCount: UInt64

    /// A device whose state is opened when its turn comes.
    public init(
      _ introduction: DeviceIntroduction, statePath: String, preCopyByteCount: UInt64 = 0
    ) {
      self.introduction = introduction
      self.statePath = statePath
      self.preCopyByteCount = preCopyByteCount
    }
  }

  /// How many bytes of state it gave.
  public private(set) var stateByteCount: UInt64 = 0
  private let parts: [Part]
  private let chunkByteCount: Int
  private let open: (String) throws(StreamIOError) -> InputFile
  // Those to come, the last first.
  private var records: [Record]
  // The part whose state is read, and what is left of it to read as pre-copy.
  private var current = 0
  private var input: InputFile?
  private var preCopyLeft: UInt64 = 0
  private var offset: UInt64 = 0
  private var buffer = ByteBuffer()

  /// Devices numbered from 0 in their order; state comes in chunks as large as `limits` allow.
  ///
  /// - Parameters:
  ///   - parts: the files of each device.
  ///   - information: what the stream says of itself.
  ///   - limits: the sizes of records.
  ///   - open: opens a file of state; it may refuse one by its content.
  public init(
    _ parts: [Part], information: StreamInformation, limits: StreamLimits,
    open: @escaping (String) throws(StreamIOError) -> InputFile = { path throws(StreamIOError) in
      try InputFile(path: path)
    }
  ) {
    self.parts = parts
    self.open = open
    chunkByteCount = Int(limits.chunkByteCount)
    records = ([.information(information)] + parts.flatMap(\.introduction.records)).reversed()
  }

  public mutating func next() throws(StreamIOError) -> Record? {
    if let record = records.popLast() { return record }
    while current < parts.count {
      if let chunk = try nextChunk(of: parts[current]) { return .chunk(chunk) }
      guard preCopyLeft == 0 else {
        let wanted = parts[current].preCopyByteCount
        throw StreamIOError(
          parts[current].statePath,
          .content(
            "expected \(wanted) byte\(wanted == 1 ? "" : "s") of pre-copy state, found "
              + "\(wanted - preCopyLeft)"))
      }
      input = nil
      current += 1
    }
    return nil
  }

  private mutating func nextChunk(of part: Part) throws(StreamIOError) -> StateChunk? {
    if input == nil {
      input = try open(part.statePath)
      preCopyLeft = part.preCopyByteCount
      offset = 0
    }
    var context = StateChunk.Context(phase: preCopyLeft > 0 ? .preCopy : .stopCopy)
    let limit =
      preCopyLeft > 0 ? Int(min(preCopyLeft, UInt64(chunkByteCount))) : chunkByteCount
    buffer.removeAll()
    try input?.read(into: &buffer, upTo: limit)
    let count = buffer.count
    guard count > 0 else { return nil }
    preCopyLeft -= min(preCopyLeft, UInt64(count))
    if context.phase == .preCopy && preCopyLeft == 0 { context.flags.insert(.lastOfIteration) }
    let chunk = StateChunk(
      device: part.introduction.number, stateOffset: offset, byteCount: UInt32(count),
      context: context)
    offset += UInt64(count)
    stateByteCount += UInt64(count)
    return chunk
  }

  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan { buffer.bytes }

  /// Gives the buffer away rather than lend its bytes.
  public mutating func copy<Sink: RecordSink & ~Copyable>(
    _ chunk: StateChunk, into sink: inout Sink
  ) throws(CopyError<StreamIOError, Sink.Failure>) {
    do throws(Sink.Failure) {
      try sink.write(from: &buffer, device: chunk.device, context: chunk.context)
    } catch {
      throw .sink(error)
    }
  }
}
