package import ByteIO

/// Reads a `.dms` stream from bytes that come in pieces of any size.
///
/// The decoder does no I/O. Its memory is the stream's declared limits at most, which it holds
/// against its own first. Feed it with `next(_:)`, or let a reader fill its memory directly with
/// `fill(_:)`; `next` gives one record at a time, checked against its checksum, its place and its
/// limits. A chunk's bytes stay stored until `chunkBytes()` is called for them, so that whoever
/// passes over a device does not pay for decompression.
public struct StreamDecoder: ~Copyable {
  private enum Expectation {
    case streamHeader
    case recordHeader
    case payload(RecordHeader)
    case footer
    case nothing
  }

  private struct Current {
    let header: RecordHeader
    /// The payload, in the buffer and in the stream.
    let range: Range<Int>
    let offset: UInt64
    var isDigested = false
    /// What the chunk is coded against.
    var basis: ChunkReference<ReferenceChunk>?
  }

  private var parser: RecordParser
  private var decoder = ChunkDecoder()
  private var buffer = ByteBuffer(capacity: 512)
  // The bytes of `buffer` before this belong to what was given out.
  private var consumed = 0
  private var expectation = Expectation.streamHeader
  private var current: Current?
  private var resolver = ChunkResolver<ReferenceChunk>(windowByteCount: 0)
  private var failure: StreamError?

  /// Where the record that `next` gave begins, counted from the start of the stream.
  public private(set) var recordOffset: UInt64 = 0
  /// The stream bytes up to the end of what was read.
  public private(set) var offset: UInt64 = 0
  /// Whether the end record came: all state is there, whatever follows.
  public var isContentComplete: Bool { parser.isContentComplete }

  /// A decoder before the first byte of a stream.
  public init(limits: DecodingLimits = .standard) {
    self.init(limits: limits, digests: Digest.Algorithm.known)
  }

  /// The same, with digests by these algorithms of the state that is asked for.
  package init(limits: DecodingLimits, digests algorithms: Set<Digest.Algorithm>) {
    parser = RecordParser(limits: limits, digests: algorithms)
  }

  /// The stream header, once it was read.
  public var header: StreamHeader? { parser.header }

  // MARK: Input

  private var neededByteCount: Int {
    switch expectation {
    case .streamHeader: StreamHeader.byteCount
    case .recordHeader: RecordHeader.byteCount
    case .payload(let header): Int(header.storedByteCount)
    case .footer: StreamFooter.byteCount
    case .nothing: 1
    }
  }

  /// How many bytes the decoder would like next: those of the record and of the header behind it,
  /// so that a chunk takes one read. It gives a record out as soon as that is complete.
  public var wantedByteCount: Int {
    var wanted = neededByteCount - (buffer.count - consumed)
    if case .payload = expectation { wanted += RecordHeader.byteCount }
    return max(wanted, 0)
  }

  /// Lends the memory where the next bytes of the stream belong, `wantedByteCount` of it; `read`
  /// writes bytes there from the start and returns how many.
  public mutating func fill<Failure: Error>(
    _ read: (inout MutableRawSpan) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    let wanted = wantedByteCount
    makeRoom(for: wanted)
    return try buffer.fill(limit: wanted, read)
  }

  private mutating func makeRoom(for count: Int) {
    buffer.removeFirst(consumed)
    consumed = 0
    current = nil
    buffer.reserve(buffer.count + count)
  }

  /// Takes what it needs from the front of `input` and gives the next record, or nil when it needs
  /// more input.
  ///
  /// After an error the stream is over: every later call throws the same error.
  @_lifetime(input: copy input)
  public mutating func next(_ input: inout RawSpan) throws(StreamError) -> Record? {
    while true {
      if let record = try next() { return record }
      if input.byteCount == 0 { return nil }
      let part = min(wantedByteCount, input.byteCount)
      makeRoom(for: part)
      buffer.append(input.extracting(first: part))
      input = input.extracting(droppingFirst: part)
    }
  }

  /// The next record of the bytes at hand, or nil when it needs more of them.
  public mutating func next() throws(StreamError) -> Record? {
    if let failure { throw failure }
    do throws(StreamError) {
      while buffer.count - consumed >= neededByteCount {
        if let record = try advance() { return record }
      }
      return nil
    } catch {
      failure = error
      throw error
    }
  }

  /// Reads the unit that is complete in the buffer; a record if it was a payload.
  private mutating func advance() throws(StreamError) -> Record? {
    let unit = consumed..<consumed + neededByteCount
    let unitOffset = offset
    consumed = unit.upperBound
    offset += UInt64(unit.count)
    current = nil
    switch expectation {
    case .streamHeader:
      try parser.readStreamHeader(in: buffer, unit)
      resolver = ChunkResolver(windowByteCount: parser.header?.limits.windowByteCount ?? 0)
      expectation = .recordHeader
    case .recordHeader:
      recordOffset = unitOffset
      expectation = .payload(try parser.recordHeader(in: buffer, unit, at: unitOffset))
    case .payload(let header):
      let record = try parser.record(header, in: buffer, unit, at: unitOffset)
      current = Current(header: header, range: unit, offset: unitOffset)
      if case .chunk(let chunk) = record {
        try resolve(chunk, header, unit, at: unitOffset)
      } else {
        resolver.note(record)
      }
      expectation = parser.isFooterDue ? .footer : .recordHeader
      return record
    case .footer:
      try parser.checkFooter(in: buffer, unit, at: unitOffset)
      expectation = .nothing
    case .nothing:
      throw parser.excess(at: unitOffset)
    }
    return nil
  }

  /// Finds the chunk that this one refers to, or keeps it for those that will refer to it.
  private mutating func resolve(
    _ chunk: StateChunk, _ header: RecordHeader, _ range: Range<Int>, at offset: UInt64
  ) throws(StreamError) {
    current?.basis = try resolver.basis(
      of: chunk, header, at: RecordLocation(header, payloadOffset: offset))
    if chunk.dependency == .kept {
      resolver.keep(ReferenceChunk(header, in: buffer, range, at: offset), of: chunk, header)
    }
  }

  /// Says that no more input will come.
  ///
  /// Throws `torn` unless the stream is whole to its footer; `isContentComplete` tells whether only
  /// the index is missing.
  public mutating func finish() throws(StreamError) {
    if let failure { throw failure }
    var record: RecordHeader?
    switch expectation {
    case .nothing: return
    case .streamHeader: try checkPartialMagic()
    case .payload(let header): record = header
    case .recordHeader, .footer: break
    }
    throw parser.torn(at: offset + UInt64(buffer.count - consumed), within: record)
  }

  /// Throws `notAStream` if what came of the stream header cannot be the start of one.
  private func checkPartialMagic() throws(StreamError) {
    let head = buffer.bytes.extracting(droppingFirst: consumed)
    let isMagic = (0..<min(8, head.byteCount)).allSatisfy {
      head[byte: $0] == StreamHeader.magic[$0]
    }
    guard isMagic, head.byteCount > 0 else {
      throw StreamError(
        .notAStream, at: 0, expected: "a .dms stream",
        found: head.byteCount == 0 ? "an empty input" : "other bytes")
    }
  }

  /// Hands over the memory that the payload of the record that `next` gave is in, and takes
  /// `other`'s in its place; where in it the payload is.
  ///
  /// The record is the caller's from here on: `chunkBytes()` has none.
  package mutating func exchangePayload(_ other: inout ByteBuffer) -> Range<Int> {
    guard let range = current?.range else { return 0..<0 }
    other.removeAll()
    other.append(buffer, consumed..<buffer.count)
    swap(&buffer, &other)
    consumed = 0
    current = nil
    return range
  }

  // MARK: Records

  /// What the chunk that `next` gave is coded against.
  package var basis: ChunkReference<ReferenceChunk>? { current?.basis }

  /// The header of the record that `next` gave, until the next call.
  public var recordHeader: RecordHeader? { current?.header }

  /// The stored payload of the record that `next` gave, until the next call.
  public var payload: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(current?.range ?? 0..<0) }
  }

  /// The state bytes of the chunk that `next` gave, lent until the next call; none after another
  /// record.
  ///
  /// They go into the device's digest, which is held against its summary if no chunk of the device
  /// was passed over. Throws `corruptChunk`.
  @_lifetime(&self)
  public mutating func chunkBytes() throws(StreamError) -> RawSpan {
    guard let current, current.header.type == .stateChunk else { return RawSpan() }
    try decode(current)
    return decoder.bytes(of: current.header, payload: buffer.bytes.extracting(current.range))
  }

  private mutating func decode(_ chunk: Current) throws(StreamError) {
    do throws(StreamError) {
      try decoder.decode(
        chunk.header, in: buffer, chunk.range, after: chunk.basis, at: chunk.offset)
    } catch {
      failure = error
      throw error
    }
    guard !chunk.isDigested else { return }
    parser.digest(chunk.header, from: decoder, in: buffer, chunk.range)
    current?.isDigested = true
  }

  /// Whether the state of `device` was held against its summary: that came, every chunk before it
  /// was decoded, and the digest, if there is one, is by an algorithm that is known here.
  public func isVerified(device: UInt16) -> Bool {
    parser.isVerified(device: device)
  }
}
