public import ByteIO
public import MigrationStream

/// A stream read from a source of bytes, from its start to its end.
///
/// With several threads, records are read ahead and chunks decoded behind the calls that take them.
/// An error comes with the record that it is about, as it does with one thread. Only chunks of
/// devices whose state was asked for before are decoded ahead: whoever passes over a device does
/// not pay for it. Reading is done by the thread that takes the records, as far as that need not
/// wait for input.
public struct StreamReader: ~Copyable {
  private var stream: StreamDecoder
  private var input: any ByteSource<StreamIOError> & ~Copyable
  // None if one thread does it all.
  private let ring: WorkRing<DecodingSlot>?
  private var isInputAtEnd = false
  private var failure: StreamIOError?

  // The record that was given out.
  private var current = StoredRecord()
  private var isDigested = false
  // For chunks that no thread has decoded.
  private var decoder = ChunkDecoder()
  private var wanted: Set<UInt16> = []
  private var digests: StateDigests
  private var verified: Set<UInt16> = []

  /// What errors call the stream: the path of its file, or another name.
  public let path: String
  /// The size of the input in bytes, if it has one.
  public let inputByteCount: UInt64?
  /// Whether the end record came.
  public private(set) var isContentComplete = false
  /// What the digests of the devices whose summaries came are by.
  package private(set) var digestAlgorithms: Set<Digest.Algorithm> = []

  /// A reader at the start of `input`, which decodes no more than `limits` allow with `threads`.
  public init(
    _ input: consuming any ByteSource<StreamIOError> & ~Copyable,
    limits: DecodingLimits = .standard, threads: ThreadCount = .one
  ) {
    self.init(input, limits: limits, threads: threads, digests: Digest.Algorithm.known)
  }

  /// The same for a file: if that can be read at an offset, its summaries say beforehand which
  /// digests there are to compute.
  public init(
    _ file: consuming InputFile, limits: DecodingLimits = .standard, threads: ThreadCount = .one
  ) {
    let algorithms = Self.algorithms(of: file, limits)
    self.init(file, limits: limits, threads: threads, digests: algorithms)
  }

  /// The same with digests by these algorithms: state with a digest by another is not verified.
  package init(
    _ input: consuming any ByteSource<StreamIOError> & ~Copyable, limits: DecodingLimits,
    threads: ThreadCount, digests algorithms: Set<Digest.Algorithm>
  ) {
    path = input.name
    inputByteCount = input.byteCount
    self.input = input
    // What it decodes and digests, this reader does itself.
    stream = StreamDecoder(limits: limits, digests: [])
    digests = StateDigests(algorithms)
    ring = threads == .one ? nil : WorkRing(decodingWith: threads)
  }

  /// What the digests in `file` are by; all that are known if that does not show.
  private static func algorithms(
    of file: borrowing InputFile, _ limits: DecodingLimits
  ) -> Set<Digest.Algorithm> {
    guard file.byteCount != nil, let copy = try? file.duplicate(),
      let archive = try? StreamArchive(copy, limits: limits)
    else { return Digest.Algorithm.known }
    return archive.digestAlgorithms()
  }

  /// The stream header, once `next()` was called.
  public var header: StreamHeader? { stream.header }
  /// The header of the record that `next()` gave.
  public var recordHeader: RecordHeader? { current.header }
  /// Where the record that `next()` gave begins.
  public var recordOffset: UInt64 { current.range.lowerBound }
  /// The stream bytes up to the end of the record that `next()` gave.
  public var offset: UInt64 { current.range.upperBound }

  /// The stored payload of the record that `next()` gave.
  public var payload: RawSpan {
    @_lifetime(borrow self)
    get { current.payload }
  }

  /// The next record, or nil after the footer.
  public mutating func next() throws(StreamIOError) -> Record? {
    if let failure { throw failure }
    isDigested = false
    do throws(StreamIOError) {
      let record = try nextRecord().get()
      try check(record)
      return record
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func nextRecord() -> Result<Record?, StreamIOError> {
    guard let ring else {
      if isInputAtEnd { return .success(nil) }
      let content = current.read(from: &stream, &input, path)
      isInputAtEnd = current.header == nil
      return content
    }
    while !isInputAtEnd, !ring.isFull, ring.isEmpty || input.isReady {
      ring.fill { slot in
        slot.content = slot.record.read(from: &stream, &input, path)
        isInputAtEnd = slot.record.header == nil
        guard slot.record.isWorthHandingOver, let header = slot.record.header else { return false }
        return wanted.contains(header.device)
      }
    }
    guard !ring.isEmpty else { return .success(nil) }
    return ring.takeOldest { slot in
      swap(&current, &slot.record)
      return slot.content
    }
  }

  /// Holds what a record says of the state against what was decoded.
  private mutating func check(_ record: Record?) throws(StreamIOError) {
    do throws(StreamError) {
      switch record {
      case .identity:
        guard digests.addDevice() else {
          throw current.place.error(.compression, expected: "memory for a digest", found: "none")
        }
      case .summary(let summary, let device):
        if let digest = summary.digest { digestAlgorithms.insert(digest.algorithm) }
        if try digests.check(summary, of: device, at: current.place) { verified.insert(device) }
      case .end: isContentComplete = true
      default: break
      }
    } catch {
      throw StreamIOError(path, .stream(error))
    }
  }

  /// The state bytes of the chunk that `next()` gave; none after another record.
  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamIOError) -> RawSpan {
    guard let header = current.header, header.type == .stateChunk else { return RawSpan() }
    wanted.insert(header.device)
    current.decode(with: &decoder)
    if let defect = current.defect {
      let error = StreamIOError(path, .stream(defect))
      failure = error
      throw error
    }
    if !isDigested { current.digest(into: &digests) }
    isDigested = true
    return current.stateBytes
  }

  /// Decodes the chunk that `next()` gave, and swaps its record with `other`, for which this reader
  /// has no further use.
  mutating func exchangeChunk(_ other: inout StoredRecord) throws(StreamIOError) {
    _ = try chunkBytes()
    swap(&current, &other)
  }

  /// Whether the state of `device` was held against its summary, and the digest there.
  public func isVerified(device: UInt16) -> Bool { verified.contains(device) }
}

extension StoredRecord {
  /// Reads the next record of `stream`, of which `input` has the bytes; has no header if there is
  /// none, or it is not good.
  fileprivate mutating func read(
    from stream: inout StreamDecoder, _ input: inout any ByteSource<StreamIOError> & ~Copyable,
    _ path: String
  ) -> Result<Record?, StreamIOError> {
    clear()
    do throws(StreamIOError) {
      let record = try stream.next(from: &input, path)
      header = stream.recordHeader
      basis = stream.basis
      range = stream.recordOffset..<stream.offset
      payloadRange = stream.exchangePayload(&buffer)
      return .success(record)
    } catch {
      range = stream.offset..<stream.offset
      return .failure(error)
    }
  }
}

extension StreamDecoder {
  /// The next record, of which `input` has the bytes; nil after the footer.
  fileprivate mutating func next(
    from input: inout any ByteSource<StreamIOError> & ~Copyable, _ path: String
  ) throws(StreamIOError) -> Record? {
    while true {
      do throws(StreamError) {
        if let record = try next() { return record }
      } catch {
        throw StreamIOError(path, .stream(error))
      }
      let count = try fill { (span) throws(StreamIOError) in try input.read(into: &span) }
      guard count == 0 else { continue }
      do throws(StreamError) {
        try finish()
        return nil
      } catch {
        throw StreamIOError(path, .stream(error))
      }
    }
  }
}

extension StreamReader: VerifyingRecordSource {
  public var recordNumber: UInt32 { recordHeader?.sequence ?? 0 }
}
