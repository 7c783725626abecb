import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// An index with good checksums that says otherwise than the stream: never a crash, never a wrong
/// answer.
@Suite struct LyingIndexTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout [Entry], inout MutableStream) -> Void

    init(
      _ name: String, _ change: @escaping @Sendable (inout [Entry], inout MutableStream) -> Void
    ) {
      testDescription = name
      self.change = change
    }
  }

  /// An index entry that can be changed.
  struct Entry: Sendable {
    var bytes: [UInt8]

    mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
      for index in 0..<MemoryLayout<T>.size {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
      }
    }

    /// Stores an integer in the record header, under a good checksum.
    mutating func setHeader<T: FixedWidthInteger>(_ value: T, at offset: Int) {
      set(value, at: 8 + offset)
      let signed = StreamBuilder.uuid.bytes + bytes[8..<36]
      set(CRC32C.checksum(of: signed.span.raw), at: 36)
    }

    func rawLength() -> UInt32 { bytes.span.raw.little(UInt32.self, at: 24) }
  }

  // The chunks of `Samples.small`: which is raw, which fill, which zstd.
  static let rawChunk = 0, fillChunk = 1, zstdChunk = 2, lastFill = 6

  static let lies: [Lie] =
    [
      Lie("no entries") { entries, _ in entries = [] },
      Lie("one entry left out") { entries, _ in entries.remove(at: 3) },
      Lie("an entry twice") { entries, _ in entries.insert(entries[3], at: 3) },
      Lie("entries reversed") { entries, _ in entries.reverse() },
      Lie("an entry one byte on") { entries, _ in entries[3].bytes[0] += 1 },
      Lie("an entry within a chunk") { entries, _ in entries[rawChunk].bytes[0] += 45 },
      Lie("an entry behind the file") { entries, _ in entries[3].set(1 << 40 as UInt64, at: 0) },
      Lie("an entry at 2^64 - 1") { entries, _ in entries[3].set(UInt64.max, at: 0) },
      Lie("an entry at 2^64 - 20") { entries, _ in entries[3].set(UInt64.max - 19, at: 0) },
      Lie("an entry at 2^63 - 1") { entries, _ in entries[3].set(UInt64.max / 2, at: 0) },
      Lie("a damaged entry") { entries, _ in entries[3].bytes[20] ^= 1 },
      Lie("an entry of another device") { entries, _ in entries[3].setHeader(0 as UInt16, at: 2) },
      Lie("an entry of no device") { entries, _ in entries[3].setHeader(0xffff as UInt16, at: 2) },
      Lie("an entry in pre-copy") { entries, _ in entries[rawChunk].bytes[40] = 2 },
      Lie("an entry in no phase") { entries, _ in entries[rawChunk].bytes[40] = 9 },
      Lie("another encoding") { entries, _ in entries[zstdChunk].setHeader(0x81 as UInt8, at: 1) },
      Lie("an unknown encoding") { entries, _ in entries[zstdChunk].setHeader(0x87 as UInt8, at: 1)
      },
      Lie("a longer fill") { entries, _ in entries[lastFill].setHeader(42 as UInt32, at: 16) },
      Lie("fills with their lengths exchanged") { entries, _ in
        entries[fillChunk].setHeader(41 as UInt32, at: 16)
        entries[lastFill].setHeader(100 as UInt32, at: 16)
        entries[lastFill].setHeader(91 as UInt64, at: 8)
        entries[3].setHeader(41 as UInt64, at: 8)
      },
      Lie("a block before itself") { _, stream in
        stream.records[stream.index(of: .index)].payload = [0x02, 2, 0, 8]
      },
      Lie("a block before 2^64 - 1") { _, stream in
        stream.records[stream.index(of: .index)].payload =
          [0x02, 8] + [UInt8](repeating: 255, count: 8)
      },
      Lie("an index in a chunk") { _, stream in stream.footer[0] = 200 },
      Lie("an index at 1") { _, stream in
        stream.footer.replaceSubrange(0..<8, with: [1, 0, 0, 0, 0, 0, 0, 0])
      },
      Lie("an index at 2^64 - 1") { _, stream in
        stream.footer.replaceSubrange(0..<8, with: [UInt8](repeating: 255, count: 8))
      },
      Lie("no index, says the footer") { _, stream in
        stream.footer.replaceSubrange(0..<8, with: [UInt8](repeating: 0, count: 8))
      },
    ]
    + [0, 7, 8, 1 << 31, .max].flatMap { (length: UInt32) in
      [rawChunk, fillChunk, zstdChunk].flatMap { chunk in
        [
          Lie("raw length \(length) of chunk \(chunk)") { entries, _ in
            entries[chunk].setHeader(length, at: 16)
          },
          Lie("stored length \(length) of chunk \(chunk)") { entries, _ in
            entries[chunk].setHeader(length, at: 20)
          },
        ]
      }
    }

  /// `Samples.small` with a lie in its index.
  private static func stream(_ lie: Lie) throws -> [UInt8] {
    var stream = MutableStream(try Samples.small(indexed: true).encoded())
    let index = stream.index(of: .index)
    let payload = stream.records[index].payload
    // Field 2, its length in two bytes, then the entries.
    var entries = stride(from: 3, to: payload.count, by: IndexEntry.byteCount).map {
      Entry(bytes: [UInt8](payload[$0..<$0 + IndexEntry.byteCount]))
    }
    lie.change(&entries, &stream)
    if stream.records[index].payload == payload {
      let count = entries.count * IndexEntry.byteCount
      stream.records[index].payload =
        [0x04, UInt8(count & 0x7f | 0x80), UInt8(count >> 7)] + entries.flatMap(\.bytes)
      if count < 128 { stream.records[index].payload = [] }
    }
    return stream.encoded()
  }

  @Test(arguments: lies) func aCatalogNeverBelievesIt(_ lie: Lie) throws {
    let truth = try folder.archive(try Samples.small(indexed: true).encoded()).catalog()
    let catalog = try folder.archive(try Self.stream(lie)).catalog()
    if catalog.defect == nil {
      #expect(catalog.isComplete)
      // Where in its iteration a chunk lies, only the index says without its being read.
      let states = catalog.devices.map { [$0.state.byteCount, $0.state.chunkCount] }
      #expect(states == truth.devices.map { [$0.state.byteCount, $0.state.chunkCount] })
    }
  }

  /// From start to end, every entry is held against its record, byte for byte.
  @Test(arguments: lies) func aReaderFromStartToEndRefusesIt(_ lie: Lie) throws {
    let bytes = try Self.stream(lie)
    let isLie = bytes != (try Samples.small(indexed: true).encoded())
    var reader = StreamReader(MemoryInput(bytes))
    var code: StreamError.Code?
    do throws(StreamIOError) {
      while try reader.next() != nil {}
    } catch {
      code = error.streamCode
    }
    // Some raw and stored lengths are those that the chunk has.
    #expect((code == nil) == !isLie, "\(code.map { "\($0)" } ?? "no error")")
  }

  @Test(arguments: lies) func aComparisonNeverBelievesIt(_ lie: Lie) throws {
    try folder.write(try Samples.small(indexed: true).encoded(), to: "truth.dms")
    let comparison = StreamComparison(
      try folder.archive(try Self.stream(lie)),
      try StreamArchive(InputFile(path: folder["truth.dms"])))
    do throws(StreamIOError) {
      let differences = try comparison.differences()
      #expect(differences.isEmpty)
    } catch {
      #expect(error.streamCode != nil, "\(error)")
    }
  }

  @Test(arguments: lies) func salvageTakesNothingFromIt(_ lie: Lie) throws {
    let builder = Samples.small(indexed: true)
    let bytes = try Self.stream(lie)
    var salvage = try StreamSalvage(InputFile(path: folder.write(bytes)))
    let states = Samples.states(of: builder)
    while let record = try salvage.next() {
      guard case .chunk(let chunk) = record.content else { continue }
      let start = Int(chunk.stateOffset)
      #expect(
        [UInt8](salvage.chunkBytes)
          == [UInt8](states[Int(chunk.device)][start..<start + Int(chunk.byteCount)]))
    }
    #expect(salvage.report.losses.map(\.missing.count) == [0, 0, 0])
  }
}
