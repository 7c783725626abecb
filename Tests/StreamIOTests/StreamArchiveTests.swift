import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct StreamArchiveTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes `chunkCount` chunks of a few bytes each, of two devices in turn.
  private func writeTinyChunks(_ chunkCount: Int, to name: String) throws -> String {
    var writer = try StreamWriter(
      to: OutputFile(path: folder[name]), header: .smallBlocks, compression: .raw)
    try writer.write(.information(StreamInformation(producer: "test")))
    try writer.write(.identity(DeviceIdentity(name: "even"), device: 0))
    try writer.write(.identity(DeviceIdentity(name: "odd"), device: 1))
    for number in 0..<chunkCount {
      let bytes = withUnsafeBytes(of: UInt32(number).littleEndian) { [UInt8]($0) }
      try writer.write(
        bytes.span.raw.extracting(first: 1 + number % 4), device: UInt16(number % 2),
        context: StateChunk.Context(phase: .stopCopy))
    }
    try writer.finish()
    return folder[name]
  }

  @Test(arguments: [0, 1, 7, 8, 1023, 1024, 1025, 2048, 2500])
  func indexAndScanGiveTheSameCatalog(chunkCount: Int) throws {
    let path = try writeTinyChunks(chunkCount, to: "tiny.dms")
    var bytes = try Corpus.contents(path)
    let indexed = try StreamArchive(InputFile(path: path)).catalog()
    #expect(indexed.origin == .index)
    #expect(indexed.defect == nil)
    #expect(indexed.isComplete)
    #expect(indexed.devices.reduce(0) { $0 + $1.state.chunkCount } == UInt64(chunkCount))

    // Without its footer the stream has no index; its content is the same.
    bytes[bytes.count - 1] ^= 1
    let scanned = try folder.archive(bytes).catalog()
    #expect(scanned.origin == .scan)
    #expect(scanned.defect?.offset == UInt64(bytes.count - StreamFooter.byteCount))
    #expect(CatalogContent(scanned) == CatalogContent(indexed))
  }

  @Test func aCursorGivesTheRecordsOfTheDecoder() throws {
    let path = try writeTinyChunks(2100, to: "tiny.dms")
    let archive = try StreamArchive(InputFile(path: path))
    var reader = StreamReader(try InputFile(path: path))
    var cursor = RecordCursor(in: archive)
    while let record = try reader.next() {
      let scanned = try #require(try cursor.next(in: archive))
      #expect(scanned.offset == reader.recordOffset)
      #expect(scanned.header == reader.recordHeader)
      switch scanned.content {
      case .chunk(let chunk): #expect(record == .chunk(chunk))
      case .metadata(let value): #expect(record == value)
      }
    }
    #expect(try cursor.next(in: archive) == nil)
    #expect(try cursor.next(in: archive) == nil)
  }

  @Test func recordsAreReadWhereTheCatalogSays() throws {
    let builder = Samples.small(indexed: true)
    let archive = try folder.archive(try builder.encoded())
    let catalog = try archive.catalog()
    let offset = try #require(catalog.devices[1].recordOffsets[.pasidTable])
    #expect(
      try archive.record(at: offset) == .pasids(try #require(builder.devices[1].pasids), device: 1))
    #expect(try archive.bytes(at: 0, count: 8) == StreamHeader.magic)
    #expect(try archive.bytes(at: archive.byteCount - 4, count: 100) == StreamFooter.magic)
    #expect(throws: StreamIOError.self) { try archive.record(at: offset + 1) }
    #expect(throws: StreamIOError.self) { try archive.record(at: archive.byteCount) }
    #expect(throws: StreamIOError.self) { try archive.record(at: .max) }
  }

  @Test(arguments: [false, true]) func tornAtEveryLength(isIndexed: Bool) throws {
    let bytes = try Samples.small(indexed: isIndexed).encoded()
    var endOffset = 0
    do {
      let archive = try folder.archive(bytes)
      var cursor = RecordCursor(in: archive)
      while let record = try cursor.next(in: archive) {
        if record.header.type == .end { endOffset = Int(record.endOffset) }
      }
    }
    for count in 0..<bytes.count {
      let torn = bytes[..<count]
      if count < StreamHeader.byteCount {
        let error = #expect(throws: StreamIOError.self) { try folder.archive(torn).byteCount }
        #expect(error?.streamCode == (count == 0 ? .notAStream : .torn), "\(count) bytes")
        continue
      }
      let catalog = try folder.archive(torn).catalog()
      #expect(catalog.origin == .scan, "\(count) bytes")
      #expect(catalog.isComplete == (count >= endOffset), "\(count) bytes")
      #expect(catalog.defect?.code == .torn, "\(count) bytes")
      #expect(catalog.defect?.offset == UInt64(count), "\(count) bytes")
    }
  }

  @Test func bytesAfterTheFooterAreADefect() throws {
    let bytes = try Samples.small(indexed: true).encoded()
    for trailer in [1, 31, 32, 33, 4096] {
      let catalog = try folder.archive(bytes + [UInt8](repeating: 0, count: trailer)).catalog()
      #expect(catalog.isComplete)
      #expect(catalog.defect?.code == .trailingData, "\(trailer) bytes")
    }
  }
}

extension StreamIOError {
  /// What is wrong with the stream, if it is that.
  var streamCode: StreamError.Code? {
    if case .stream(let error) = cause { error.code } else { nil }
  }
}
