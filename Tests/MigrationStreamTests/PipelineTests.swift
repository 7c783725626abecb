import ByteIO
import MigrationStream
import TestSupport
import Testing

@Suite struct PipelineTests {
  private func source(_ builder: StreamBuilder) throws -> MemorySource {
    MemorySource(try builder.encoded())
  }

  /// A sink of records that has chunks of at most `chunkByteCount` bytes, of the devices in
  /// `wanted`.
  private struct Collector: RecordSink {
    struct Full: Error {}
    typealias Failure = Full

    var limits = StreamLimits.unlimited
    var wanted: Set<UInt16>?
    /// The number of records after which it fails.
    var room = Int.max
    var records: [Record] = []
    var pieces: [StreamBuilder.Piece] = []

    mutating func write(_ record: Record) throws(Full) {
      guard records.count < room else { throw Full() }
      records.append(record)
    }

    func wantsState(of device: UInt16) -> Bool { wanted?.contains(device) ?? true }

    mutating func write(
      _ chunk: RawSpan, device: UInt16, context: StateChunk.Context
    ) throws(Full) {
      pieces.append(
        StreamBuilder.Piece(device: device, context: context, bytes: [UInt8](chunk)))
    }

    func finish() {}
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func introductionsSayAllThatComesBeforeStateAndAreWrittenAgain(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let builder = StreamBuilder.random(using: &random)
    var stream = try source(builder)
    var introduction = StreamIntroduction()
    var first: Record?
    repeat {
      first = try stream.next()
    } while first.map { introduction.add($0) } ?? false
    if builder.pieces.isEmpty { #expect(first != nil) }
    #expect(introduction.information == builder.information)
    #expect(introduction.devices.map(\.identity) == builder.devices.map(\.identity))
    #expect(introduction.devices.map(\.configuration) == builder.devices.map(\.configuration))
    #expect(introduction.devices.map(\.interrupts) == builder.devices.map(\.interrupts))
    #expect(introduction.devices.map(\.pasids) == builder.devices.map(\.pasids))
    #expect(introduction.optionalRecords == builder.unknown.filter { $0.device == nil })
    for device in introduction.devices {
      #expect(device.optionalRecords == builder.unknown.filter { $0.device == device.number })
    }
    var sink = Collector()
    var again = StreamIntroduction()
    for device in introduction.devices { try sink.write(device) }
    for record in sink.records {
      let isTaken = again.add(record)
      #expect(isTaken)
    }
    #expect(again.devices == introduction.devices)
  }

  @Test func chunksThatAreTooLongForASinkAreDivided() throws {
    var builder = StreamBuilder()
    let flags: StateChunk.Flags = [
      .initialData, .lastOfInitialData, .lastOfIteration, .reinitialized,
    ]
    let context = StateChunk.Context(phase: .preCopy, iteration: 3, flags: flags)
    var random = SplitMix64(seed: 1)
    let bytes = random.bytes(60_000)
    builder.pieces = [StreamBuilder.Piece(device: 0, context: context, bytes: bytes)]
    var stream = try source(builder)
    var sink = Collector(
      limits: StreamLimits(chunkByteCount: 25_000, metadataByteCount: 1 << 20))
    try stream.copy(into: &sink)
    #expect(sink.pieces.flatMap(\.bytes) == bytes)
    #expect(sink.pieces.map(\.bytes.count) == [25_000, 25_000, 10_000])
    let expected: [StateChunk.Flags] = [
      [.initialData, .reinitialized], [.initialData],
      [.initialData, .lastOfInitialData, .lastOfIteration],
    ]
    #expect(sink.pieces.map(\.context.flags) == expected)
    #expect(sink.pieces.allSatisfy { $0.context.iteration == 3 })
  }

  @Test func stateThatASinkHasNoUseForIsNotDecoded() throws {
    var builder = StreamBuilder()
    builder.devices = [StreamBuilder.Device(), StreamBuilder.Device()]
    let context = StateChunk.Context(phase: .stopCopy)
    builder.pieces = (0..<2).map {
      StreamBuilder.Piece(
        device: $0, context: context, bytes: [UInt8](repeating: UInt8($0), count: 99))
    }
    var stream = try source(builder)
    var sink = Collector(wanted: [1])
    try stream.copy(into: &sink)
    #expect(sink.pieces.map(\.device) == [1])
    // What was not decoded was not held against its digest.
    let verified = (stream.isVerified(device: 0), stream.isVerified(device: 1))
    #expect(!verified.0 && verified.1)
  }

  @Test func aCopySaysWhichSideFailed() throws {
    let bytes = try StreamBuilder().encoded()
    var torn = MemorySource([UInt8](bytes.dropLast(100)))
    var whole = MemorySource(bytes)
    var sink = Collector()
    var full = Collector(room: 1)
    do {
      try torn.copy(into: &sink)
      Issue.record("a torn stream was copied")
    } catch {
      guard case .source(let cause) = error else { throw error }
      #expect(cause.code == .torn)
    }
    do {
      try whole.copy(into: &full)
      Issue.record("a full sink took everything")
    } catch {
      guard case .sink = error else { throw error }
    }
  }
}
