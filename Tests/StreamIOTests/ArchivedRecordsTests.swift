import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct ArchivedRecordsTests {
  /// All that a source gives, a line each.
  private func content<Source: RecordSource & ~Copyable>(
    _ source: inout Source
  ) throws -> [String] {
    var lines: [String] = []
    while let record = try source.next() {
      let bytes = try source.chunkBytes()
      lines.append("\(record) \([UInt8](bytes).hashValue)")
    }
    return lines
  }

  @Test(arguments: 0..<6 as Range<UInt64>, [true, false])
  func anArchiveGivesWhatAReaderGives(seed: UInt64, isIndexed: Bool) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    builder.indexThreshold = isIndexed ? 0 : .max
    let folder = try TemporaryFolder()
    let path = try folder.write(try builder.encoded())
    var reader = StreamReader(try InputFile(path: path))
    var archived = ArchivedRecords(
      try ArchivedState(try StreamArchive(try InputFile(path: path))))
    #expect(try content(&archived) == content(&reader))
  }
}
