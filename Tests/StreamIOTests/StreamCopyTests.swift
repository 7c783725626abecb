import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct StreamCopyTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ path: String, to output: String, compression: Compression) throws {
    var reader = StreamReader(try InputFile(path: path))
    var writer = try StreamWriter(
      to: OutputFile(path: output), header: StreamBuilder().header, compression: compression)
    try reader.copy(into: &writer)
    try writer.finish()
  }

  /// All records but those of the index.
  private func records(_ bytes: [UInt8]) throws -> [Record] {
    try DecodedStream(bytes).records.compactMap { record in
      switch record {
      case .index: return nil
      case .end(var totals):
        totals.isIndexed = false
        return .end(totals)
      default: return record
      }
    }
  }

  @Test(arguments: seeds(12))
  func aCopyHasEverythingThatIsNotKnownHere(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    for index in builder.pieces.indices {
      builder.pieces[index].bytes.removeLast(builder.pieces[index].bytes.count * 99 / 100)
    }
    var stream = MutableStream(try builder.encoded())
    // A field of a later version in every metadata record whose fields a copy takes over, and
    // optional records between.
    let metadata: Set<RecordType> = [
      .streamInformation, .deviceIdentity, .configurationSpace, .interruptState, .pasidTable,
    ]
    for index in stream.records.indices
    where metadata.contains(RecordType(rawValue: stream.records[index].type)) {
      let value = random.bytes(.random(in: 0...100, using: &random))
      stream.records[index].payload += [0xc8, 0x01, UInt8(value.count)] + value
    }
    // Before the summaries, which a writer makes himself when he ends the stream.
    var place = 1
    while place < stream.index(of: builder.devices.isEmpty ? .end : .deviceSummary) {
      if Bool.random(using: &random) {
        var unknown = stream.records[0]
        unknown.header[0] = .random(in: 10...255, using: &random)
        unknown.header[1] = 0
        unknown.payload = random.bytes(.random(in: 0...100, using: &random))
        stream.records.insert(unknown, at: place)
        place += 1
      }
      place += 1
    }
    // Records that were put in have moved the chunks from where an index says.
    stream.dropIndex()
    let path = try folder.write(stream.encoded())
    let original = try records(try Corpus.contents(path))
    try copy(path, to: folder["copy.dms"], compression: .raw)
    let copied = try Corpus.contents(folder["copy.dms"])
    let copiedRecords = try records(copied)
    #expect(copiedRecords.count == original.count)
    for (copy, record) in zip(copiedRecords, original) { #expect(copy == record) }
    #expect(try DecodedStream(copied).states == DecodedStream(try Corpus.contents(path)).states)
    // A copy of the copy is the copy.
    try copy(folder["copy.dms"], to: folder["again.dms"], compression: .raw)
    #expect(try Corpus.contents(folder["again.dms"]) == copied)
  }
}

extension MutableStream {
  /// Takes the index out, and what says that there is one.
  fileprivate mutating func dropIndex() {
    records.removeAll { $0.type == RecordType.index.rawValue }
    let end = index(of: .end)
    if records[end].payload.suffix(3) == [0x08, 1, 1] { records[end].payload.removeLast(3) }
    footer.replaceSubrange(0..<8, with: [UInt8](repeating: 0, count: 8))
  }
}
