public import ByteIO
public import MigrationStream

/// A stream in a file, read at any place.
///
/// With the index, what is where is known after a few reads. Without one (a torn file, or a damaged
/// index) the same answers come from a scan of the record headers.
public struct StreamArchive: ~Copyable {
  let input: StreamBytes
  private let directory: Directory
  let identities = ArchivedIdentities()
  let recordPlaces = RecordPlaces()

  /// What is known before the first record is read.
  private struct Directory {
    var header: StreamHeader
    var check: RecordCheck
    var indexBlocks: [UInt64]?
    var indexDefect: StreamError?
  }

  /// Opens the stream in `input`, a file or other bytes that can be read at an offset.
  ///
  /// Throws if the stream header is not good; a damaged index is no error here.
  public init(
    _ input: consuming any RandomAccessBytes<StreamIOError> & ~Copyable,
    limits: DecodingLimits = .standard
  ) throws(StreamIOError) {
    let input = try StreamBytes(input)
    directory = try Self.directory(of: input, limits)
    self.input = input
  }

  /// What errors call the stream: the path of its file, or another name.
  public var path: String { input.name }

  /// The same stream from its start to its end.
  public consuming func reader() -> StreamReader {
    let algorithms = digestAlgorithms()
    return StreamReader(
      input.sequence(), limits: .standard, threads: .one, digests: algorithms)
  }

  /// The size of the file.
  public var byteCount: UInt64 { input.byteCount }
  /// The header that the stream begins with.
  public var header: StreamHeader { directory.header }
  var check: RecordCheck { directory.check }
  /// Where the index blocks begin, the first first; nil if records are found by scanning.
  var indexBlocks: [UInt64]? { directory.indexBlocks }
  /// Why the index is not used.
  public var indexDefect: StreamError? { directory.indexDefect }
  /// How the records are found.
  public var origin: StreamCatalog.Origin { indexBlocks == nil ? .scan : .index }

  private static func directory(
    of input: borrowing StreamBytes, _ limits: DecodingLimits
  ) throws(StreamIOError) -> Directory {
    let byteCount = input.byteCount
    let header = try header(of: input, limits)
    var directory = Directory(header: header, check: RecordCheck(header))
    guard let footer = try footer(of: input), footer.uuid == header.uuid else {
      directory.indexDefect = StreamError(
        .torn, at: byteCount, expected: "the footer of this stream at the end", found: "none")
      return directory
    }
    let chain = IndexChain(
      last: footer.indexOffset, before: byteCount - UInt64(StreamFooter.byteCount))
    do throws(StreamIOError) {
      directory.indexBlocks = try indexBlocks(of: input, chain, directory.check)
    } catch {
      guard case .stream(let defect) = error.cause else { throw error }
      directory.indexDefect = defect
    }
    return directory
  }

  private static func header(
    of input: borrowing StreamBytes, _ limits: DecodingLimits
  ) throws(StreamIOError) -> StreamHeader {
    var buffer = ByteBuffer()
    try input.read(into: &buffer, at: 0, count: StreamHeader.byteCount)
    do throws(StreamError) {
      // The decoder tells a torn stream from what is none.
      var decoder = StreamDecoder(limits: limits)
      var bytes = buffer.bytes
      _ = try decoder.next(&bytes)
      if let header = decoder.header { return header }
      try decoder.finish()
    } catch {
      throw StreamIOError(input.name, .stream(error))
    }
    throw StreamIOError(input.name, .content("expected a stream header, found none"))
  }

  private static func footer(
    of input: borrowing StreamBytes
  ) throws(StreamIOError) -> StreamFooter? {
    let byteCount = input.byteCount
    guard byteCount >= UInt64(StreamHeader.byteCount + StreamFooter.byteCount) else { return nil }
    var buffer = ByteBuffer()
    try input.read(
      into: &buffer, at: byteCount - UInt64(StreamFooter.byteCount), count: StreamFooter.byteCount)
    return StreamFooter(parsing: buffer.bytes)
  }

  private static func indexBlocks(
    of input: borrowing StreamBytes, _ chain: IndexChain, _ check: RecordCheck
  ) throws(StreamIOError) -> [UInt64] {
    var blocks: [UInt64] = []
    var chain = chain
    var buffer = ByteBuffer()
    while let (offset, _) = try input.indexBlock(of: &chain, check, buffer: &buffer) {
      blocks.append(offset)
    }
    return blocks.reversed()
  }
}

extension StreamArchive {
  /// Reads the metadata record at `offset`, as a `ScannedRecord` names it.
  public borrowing func record(at offset: UInt64) throws(StreamIOError) -> Record {
    var buffer = ByteBuffer()
    let header = try recordHeader(at: offset, &buffer)
    return try input.metadata(header, at: offset, buffer: &buffer)
  }

  /// The index block at `offset`, without entries if none is there any more, and its place.
  borrowing func indexBlock(
    at offset: UInt64
  ) throws(StreamIOError) -> (block: IndexBlock, place: RecordLocation) {
    var buffer = ByteBuffer()
    let header = try recordHeader(at: offset, &buffer)
    let place = RecordLocation(
      payloadOffset: offset + UInt64(RecordHeader.byteCount), record: header.sequence)
    guard case .index(let block) = try input.metadata(header, at: offset, buffer: &buffer) else {
      return (IndexBlock(previousOffset: nil, entryBytes: []), place)
    }
    return (block, place)
  }

  /// What the stream says of a device of its catalog, but for optional records.
  borrowing func introduction(
    of number: UInt16, _ device: StreamCatalog.Device
  ) throws(StreamIOError) -> DeviceIntroduction {
    var introduction = DeviceIntroduction(number: number)
    for offset in device.recordOffsets.values { _ = introduction.add(try record(at: offset)) }
    return introduction
  }

  /// The bytes of the file from `offset`, `count` of them or as many as there are.
  public borrowing func bytes(at offset: UInt64, count: Int) throws(StreamIOError) -> [UInt8] {
    var buffer = ByteBuffer()
    try input.read(into: &buffer, at: offset, count: count)
    return [UInt8](buffer.bytes)
  }

  /// What the digests in the stream are by; all that are known if it is not read to its end.
  package borrowing func digestAlgorithms() -> Set<Digest.Algorithm> {
    var algorithms: Set<Digest.Algorithm> = []
    var cursor = RecordCursor(in: self)
    do throws(StreamIOError) {
      while let record = try cursor.next(in: self) {
        guard case .metadata(.summary(let summary, _)) = record.content else { continue }
        if let digest = summary.digest { algorithms.insert(digest.algorithm) }
      }
    } catch {
      return Digest.Algorithm.known
    }
    return algorithms.intersection(Digest.Algorithm.known)
  }

  /// Everything about the stream but its state.
  ///
  /// A torn or damaged stream gives what comes before the damage, and the error as
  /// `StreamCatalog.defect`.
  public borrowing func catalog() throws(StreamIOError) -> StreamCatalog {
    try catalog(verifyingIndex: false) { _ in }
  }

  /// The same, with every record of the walk given to `note`.
  borrowing func catalog(
    verifyingIndex: Bool, _ note: (ScannedRecord) -> Void
  ) throws(StreamIOError) -> StreamCatalog {
    var catalog = StreamCatalog(header: header, origin: origin)
    var cursor = RecordCursor(in: self, verifyingIndex: verifyingIndex)
    do throws(StreamIOError) {
      while let record = try cursor.next(in: self) {
        note(record)
        catalog.note(record)
      }
    } catch {
      guard case .stream(let defect) = error.cause else { throw error }
      catalog.defect = defect
    }
    return catalog
  }
}
