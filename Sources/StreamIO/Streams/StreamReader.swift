public import ByteIO
public import MigrationStream

/// A stream read from a file or a pipe, from its start to its end.
///
/// With several threads, records are read ahead and chunks decoded behind the calls that take them. An error comes with the
/// record that it is about, as it does with one thread.
public struct StreamReader: ~Copyable {
  private var decoder: StreamDecoder
  private var ahead: ReadAhead
  private var input: any ByteSource<StreamIOError> & ~Copyable

  /// What errors call the stream: the path of its file, or another name.
  public let path: String
  /// The size of the input in bytes, if it has one.
  public let inputByteCount: UInt64?

  /// A reader at the start of `input`, which decodes no more than `limits` allow with `threads`.
  public init(
    _ input: consuming any ByteSource<StreamIOError> & ~Copyable,
    limits: DecodingLimits = .standard, threads: ThreadCount = .one
  ) {
    path = input.name
    inputByteCount = input.byteCount
    self.input = input
    decoder = StreamDecoder(limits: limits)
    ahead = ReadAhead(threadCount: threads)
  }

  /// The stream header, once `next()` was called.
  public var header: StreamHeader? { decoder.header }
  /// The header of the record that `next()` gave.
  public var recordHeader: RecordHeader? {
    ahead.isUsed ? ahead.current.header : decoder.recordHeader
  }
  /// Where the record that `next()` gave begins.
  public var recordOffset: UInt64 {
    ahead.isUsed ? ahead.current.range.lowerBound : decoder.recordOffset
  }
  /// The stream bytes up to the end of the record that `next()` gave.
  public var offset: UInt64 { ahead.isUsed ? ahead.current.range.upperBound : decoder.offset }
  /// Whether the end record came.
  public var isContentComplete: Bool {
    ahead.isUsed ? ahead.isContentComplete : decoder.isContentComplete
  }

  /// The stored payload of the record that `next()` gave.
  public var payload: RawSpan {
    @_lifetime(borrow self)
    get {
      if ahead.isUsed { return ahead.current.payload }
      return decoder.payload
    }
  }

  /// The next record, or nil after the footer.
  public mutating func next() throws(StreamIOError) -> Record? {
    if ahead.isUsed { return try ahead.next(of: &decoder, from: &input, path) }
    return try decoder.next(from: &input, path)
  }

  /// The state bytes of the chunk that `next()` gave.
  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan {
    if ahead.isUsed { return try ahead.chunkBytes(path) }
    do throws(StreamError) {
      return try decoder.chunkBytes()
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  /// Whether the digest of `device` was held against its summary.
  public func isVerified(device: UInt16) -> Bool {
    ahead.isUsed ? ahead.isVerified(device: device) : decoder.isVerified(device: device)
  }
}
