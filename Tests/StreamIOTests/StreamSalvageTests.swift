import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct StreamSalvageTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// What salvage gives for the file at `path`, held against the truth.
  private struct Recovery {
    var report: SalvageReport
    /// What is wrong with the recovery; empty if found and missing together are the state.
    var complaints: [String] = []

    init(_ path: String, truth: [[UInt8]]) throws {
      var salvage = try StreamSalvage(try InputFile(path: path))
      var found = truth.map { _ in [Range<UInt64>]() }
      while let record = try salvage.next() {
        guard case .chunk(let chunk) = record.content else { continue }
        let range = chunk.stateOffset..<chunk.stateOffset + UInt64(chunk.byteCount)
        let state = truth[Int(chunk.device)]
        if [UInt8](salvage.chunkBytes)
          != [UInt8](state[Int(range.lowerBound)..<Int(range.upperBound)])
        {
          complaints.append("device \(chunk.device): wrong bytes in \(range)")
        }
        found[Int(chunk.device)].append(range)
      }
      report = salvage.report
      for (device, state) in truth.enumerated() {
        check(device, UInt64(state.count), found: found[device])
      }
    }

    private mutating func check(_ device: Int, _ byteCount: UInt64, found: [Range<UInt64>]) {
      guard device < report.losses.count else {
        // A device of which nothing is left is not known to have been there; but the stream is
        // known not to be whole.
        if !found.isEmpty || report.isWhole {
          complaints.append("device \(device) is not reported")
        }
        return
      }
      let loss = report.losses[device]
      var ranges = found + loss.missing.ranges
      if let start = loss.missingFrom, start < byteCount { ranges.append(start..<byteCount) }
      var end: UInt64 = 0
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if range.lowerBound != end { complaints.append("device \(device): \(ranges)") }
        end = range.upperBound
      }
      if end != byteCount { complaints.append("device \(device): \(ranges) end at \(end)") }
    }
  }

  @Test(arguments: [false, true]) func anIntactStreamIsWhole(isIndexed: Bool) throws {
    let builder = Samples.small(indexed: isIndexed)
    let path = try folder.write(try builder.encoded())
    let recovery = try Recovery(path, truth: Samples.states(of: builder))
    #expect(recovery.complaints.isEmpty)
    #expect(recovery.report.isWhole)
    let catalog = try StreamArchive(InputFile(path: path)).catalog()
    #expect(CatalogContent(recovery.report.catalog) == CatalogContent(catalog))
  }

  /// Every byte of a stream is changed in turn, to a value that `seed` chooses.
  @Test(arguments: [(1, false), (2, true)] as [(UInt64, Bool)])
  func foundAndMissingAreTheStateWhicheverByteChanges(seed: UInt64, isIndexed: Bool) throws {
    var random = SplitMix64(seed: seed)
    let builder = Samples.small(indexed: isIndexed)
    let truth = Samples.states(of: builder)
    var bytes = try builder.encoded()
    for position in bytes.indices {
      let original = bytes[position]
      bytes[position] ^= .random(in: 1...255, using: &random)
      let recovery = try Recovery(folder.write(bytes), truth: truth)
      bytes[position] = original
      #expect(recovery.complaints.isEmpty, "byte \(position)")
      #expect(!recovery.report.isWhole, "byte \(position)")
      #expect(
        recovery.report.damage.ranges.contains { $0.contains(UInt64(position)) },
        "byte \(position) of \(recovery.report.damage.ranges)")
      // One byte costs one record.
      #expect(recovery.report.damage.count == 1, "byte \(position)")
    }
  }

  @Test(arguments: [false, true]) func foundAndMissingAreTheStateWhereverItIsTorn(
    isIndexed: Bool
  ) throws {
    let builder = Samples.small(indexed: isIndexed)
    let truth = Samples.states(of: builder)
    let bytes = try builder.encoded()
    for count in bytes.indices {
      let path = try folder.write(bytes[..<count])
      guard count >= StreamHeader.byteCount else {
        #expect(throws: StreamIOError.self) { try StreamSalvage(try InputFile(path: path)).report }
        continue
      }
      let recovery = try Recovery(path, truth: truth)
      #expect(recovery.complaints.isEmpty, "\(count) bytes")
      #expect(!recovery.report.isWhole, "\(count) bytes")
    }
  }

  @Test(arguments: seeds(40))
  func foundAndMissingAreTheStateAfterManyDamages(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let builder = Samples.small(indexed: seed % 2 == 0)
    var bytes = try builder.encoded()
    for _ in 0..<Int.random(in: 2...6, using: &random) {
      let start = Int.random(in: StreamHeader.byteCount..<bytes.count, using: &random)
      let end = min(start + Int.random(in: 1...80, using: &random), bytes.count)
      // Overwritten, cut out, or put in.
      switch Int.random(in: 0..<3, using: &random) {
      case 0: for index in start..<end { bytes[index] = .random(in: 0...255, using: &random) }
      case 1: bytes.removeSubrange(start..<end)
      default: bytes.insert(contentsOf: random.bytes(end - start), at: start)
      }
    }
    let recovery = try Recovery(folder.write(bytes), truth: Samples.states(of: builder))
    #expect(recovery.complaints.isEmpty)
  }

  @Test func aDamagedRecordHeaderIsReadFromTheIndex() throws {
    for isIndexed in [false, true] {
      let builder = Samples.small(indexed: isIndexed)
      var stream = MutableStream(try builder.encoded())
      let chunk = stream.index(of: .stateChunk) + 2
      var bytes = stream.streamHeader
      stream.records[chunk].header[5] ^= 0x40
      for record in stream.records { bytes += record.header + record.payload }
      bytes += stream.footer
      let recovery = try Recovery(folder.write(bytes), truth: Samples.states(of: builder))
      #expect(recovery.complaints.isEmpty)
      #expect(recovery.report.losses[0].isEmpty == isIndexed)
      // That nothing is lost does not mean that the file is good.
      #expect(!recovery.report.isWhole)
    }
  }

  @Test func twoDamagedRecordHeadersInARowAreReadFromTheIndex() throws {
    let builder = Samples.small(indexed: true)
    let stream = MutableStream(try builder.encoded())
    var bytes = stream.streamHeader
    for record in stream.records {
      let isChunk = record.type == RecordType.stateChunk.rawValue
      bytes += record.header.map { isChunk ? ~$0 : $0 } + record.payload
    }
    let recovery = try Recovery(
      folder.write(bytes + stream.footer), truth: Samples.states(of: builder))
    #expect(recovery.complaints.isEmpty)
    #expect(recovery.report.losses.map(\.isEmpty) == [true, true, true])
    #expect(recovery.report.damage.byteCount == 8 * 32)
  }

  @Test func aDamagedStreamHeaderCostsNothingElse() throws {
    let builder = Samples.small(indexed: true)
    var bytes = try builder.encoded()
    for index in 0..<StreamHeader.byteCount { bytes[index] = 0 }
    let recovery = try Recovery(folder.write(bytes), truth: Samples.states(of: builder))
    #expect(recovery.complaints.isEmpty)
    #expect(recovery.report.losses.map(\.isEmpty) == [true, true, true])
    #expect(recovery.report.damage.ranges == [0..<UInt64(StreamHeader.byteCount)])
  }

  /// A stream whose records are all intact, and what is wrong with it.
  private struct Case {
    let condition: SalvageReport.Condition
    let code: StreamError.Code?
    let keepsSequence: Bool
    /// Whether the footer is cut off.
    let isCut: Bool
    let change: (inout MutableStream) -> Void

    init(
      _ condition: SalvageReport.Condition, _ code: StreamError.Code? = nil,
      keepsSequence: Bool = false, isCut: Bool = false,
      _ change: @escaping (inout MutableStream) -> Void
    ) {
      self.condition = condition
      self.code = code
      self.keepsSequence = keepsSequence
      self.isCut = isCut
      self.change = change
    }
  }

  @Test(arguments: [false, true]) func threeWordsSayWhatAStreamIs(isIndexed: Bool) throws {
    let whole = MutableStream(try Samples.small(indexed: isIndexed).encoded())
    let summary = whole.index(of: .deviceSummary)
    func lastByte(_ number: Int, _ stream: inout MutableStream) {
      stream.records[number].payload[stream.records[number].payload.count - 1] ^= 1
    }
    let cases: [Case] = [
      Case(.whole) { _ in },
      Case(.damaged, .digestMismatch) { lastByte(summary, &$0) },
      Case(.damaged, .totalsMismatch) { $0.records[summary].payload[2] ^= 1 },
      Case(.damaged, .totalsMismatch) { $0.records[summary + 3].payload[2] ^= 1 },
      Case(.damaged, .indexMismatch) { $0.footer[0] ^= 1 },
      Case(.incomplete, .misplacedRecord, keepsSequence: true) { $0.records.remove(at: 2) },
      Case(.incomplete, .misplacedRecord, keepsSequence: true) { $0.records.remove(at: summary) },
      Case(.damaged, .misplacedRecord) { $0.records.remove(at: summary) },
      Case(.incomplete, .torn, isCut: true) { $0.records.removeLast(isIndexed ? 2 : 1) },
      Case(.incomplete, .unknownMandatoryRecord) {
        var record = $0.records[3]
        record.header[0] = 201
        record.header[1] = 0x80
        record.payload = []
        for index in 8..<20 { record.header[index] = 0 }
        $0.records.insert(record, at: 3)
      },
    ]
    for (number, one) in cases.enumerated() {
      var stream = whole
      one.change(&stream)
      var bytes = stream.encoded(keepsSequence: one.keepsSequence)
      if one.isCut { bytes.removeLast(StreamFooter.byteCount) }
      var salvage = try StreamSalvage(try InputFile(path: folder.write(bytes)))
      while try salvage.next() != nil {}
      #expect(salvage.report.condition == one.condition, "\(number)")
      #expect(salvage.report.isWhole == (one.condition == .whole), "\(number)")
      #expect(salvage.report.defect?.code == one.code, "\(number)")
    }
  }

  @Test func aDeviceIsWholeIfNothingOfItCanBeMissing() throws {
    var stream = MutableStream(try Samples.small(indexed: false).encoded())
    func devices(_ bytes: [UInt8]) throws -> [Bool] {
      var salvage = try StreamSalvage(try InputFile(path: folder.write(bytes)))
      while try salvage.next() != nil {}
      return (0..<3).map { salvage.report.isWhole(device: $0) }
    }
    #expect(try devices(stream.encoded()) == [true, true, true])
    // A digest that is wrong says nothing of the others.
    let summary = stream.index(of: .deviceSummary) + 1
    stream.records[summary].payload[stream.records[summary].payload.count - 1] ^= 1
    #expect(try devices(stream.encoded()) == [true, false, true])
    // What is missing may have been anybody's.
    stream.records.remove(at: 2)
    #expect(try devices(stream.encoded(keepsSequence: true)) == [false, false, false])
  }

  @Test func whatIsNoStreamIsSaidToBeNone() throws {
    var random = SplitMix64(seed: 5)
    for bytes in [[], random.bytes(10), random.bytes(56), random.bytes(5000)] {
      let error = #expect(throws: StreamIOError.self) {
        try StreamSalvage(try InputFile(path: folder.write(bytes))).report
      }
      #expect(error?.streamCode == .notAStream)
    }
  }

  /// A newer version is not damage: what it means, nobody here knows.
  @Test func aNewerVersionIsRefused() throws {
    var stream = MutableStream(try Samples.small(indexed: true).encoded())
    stream.streamHeader[8] = 2
    var error = #expect(throws: StreamIOError.self) {
      try StreamSalvage(try InputFile(path: folder.write(stream.encoded()))).report
    }
    #expect(error?.streamCode == .unsupportedVersion)
    stream.streamHeader[8] = 1
    stream.streamHeader[12] = 4
    error = #expect(throws: StreamIOError.self) {
      try StreamSalvage(try InputFile(path: folder.write(stream.encoded()))).report
    }
    #expect(error?.streamCode == .unsupportedFeature)
  }

  /// A guest may put a stream into its device's state; damage around it must not bring its records
  /// up.
  @Test(arguments: [false, true]) func aStreamWithinTheStateIsNotMistaken(isIndexed: Bool) throws {
    var inner = Samples.small(indexed: true)
    inner.header.uuid = try #require(StreamUUID("22222222-2222-2222-2222-222222222222"))
    let state = try inner.encoded()
    var outer = StreamBuilder()
    outer.compression = .raw
    outer.indexThreshold = isIndexed ? 0 : .max
    outer.pieces = [
      .init(device: 0, context: .init(phase: .preCopy), bytes: state),
      .init(device: 0, context: .init(phase: .stopCopy), bytes: [1, 2, 3]),
    ]
    let bytes = try outer.encoded()
    let catalog = try folder.archive(bytes).catalog()
    #expect(catalog.devices.count == 1)
    for position in 0..<320 {
      var damaged = bytes
      damaged[position] ^= 0xff
      let path = try folder.write(damaged)
      let recovery = try Recovery(path, truth: [state + [1, 2, 3]])
      #expect(recovery.complaints.isEmpty, "byte \(position)")
      #expect(recovery.report.catalog.devices.count == 1, "byte \(position)")
      #expect(recovery.report.catalog.information.producer == nil, "byte \(position)")
    }
  }

  /// A state may end with a footer of its own stream; a file torn right behind it keeps the chunk.
  @Test(arguments: [false, true]) func aChunkThatEndsLikeTheFooterIsNotLost(
    isDamagedBefore: Bool
  ) throws {
    var builder = StreamBuilder()
    builder.compression = .raw
    let footer = StreamFooter(indexOffset: 64, uuid: builder.header.uuid).encoded()
    let states: [[UInt8]] = [[1, 2, 3], [4, 5, 6] + footer]
    builder.pieces = states.map {
      .init(device: 0, context: .init(phase: .stopCopy), bytes: $0)
    }
    var stream = MutableStream(try builder.encoded())
    let last = try #require(stream.records.lastIndex { $0.type == RecordType.stateChunk.rawValue })
    stream.records.removeSubrange((last + 1)...)
    var bytes = Array(stream.encoded().dropLast(StreamFooter.byteCount))
    if isDamagedBefore { bytes[StreamHeader.byteCount + 4] ^= 1 }
    #expect(Array(bytes.suffix(footer.count)) == footer)
    let recovery = try Recovery(folder.write(bytes), truth: [Array(states.joined())])
    #expect(recovery.complaints.isEmpty)
    #expect(recovery.report.losses.map(\.recoveredByteCount) == [38])
    #expect(recovery.report.isFooterLost)
    #expect(!recovery.report.isWhole)
  }

  @Test func hostileOffsetsOfStateAreNoCrash() throws {
    for offset: UInt64 in [.max, .max - 59, .max - 60, .max / 2, .max / 2 + 1] {
      var stream = MutableStream(try Samples.small(indexed: true).encoded())
      stream.records[stream.index(of: .stateChunk)].set(offset, at: 8)
      stream.records[stream.index(of: .deviceSummary)].payload =
        [0x02, 0x08]
        + [UInt8](
          repeating: 255, count: 8)
      var salvage = try StreamSalvage(try InputFile(path: folder.write(stream.encoded())))
      while try salvage.next() != nil {}
      #expect(!salvage.report.isWhole)
      #expect(salvage.report.losses.count == 3)
    }
  }
}
