import ByteIO
import MigrationStream
import TestSupport
import Testing

/// Chunks that are coded against chunks that were sent before.
@Suite struct DeltaTests {
  private func chunks(_ stream: DecodedStream) -> [(number: Int, chunk: StateChunk)] {
    var chunks: [(number: Int, chunk: StateChunk)] = []
    for (number, record) in stream.records.enumerated() {
      guard case .chunk(let chunk) = record else { continue }
      chunks.append((number, chunk))
    }
    return chunks
  }

  /// A window that holds all, one that holds some, and the least.
  @Test(arguments: seeds(20), [4 << 20, 320 << 10, 64 << 10] as [UInt64])
  func roundsComeBack(seed: UInt64, windowByteCount: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let builder = StreamBuilder.rounds(3, windowByteCount: windowByteCount, using: &random)
    let bytes = try builder.encoded(step: .random(in: 1000...100_000, using: &random))
    let stream = try DecodedStream(bytes) { .random(in: 1...100_000, using: &random) }
    #expect(builder.devices.indices.map { stream.states[UInt16($0)] ?? [] } == builder.states)
    let chunks = chunks(stream)
    for (number, chunk) in chunks {
      guard case .reference(let distance) = chunk.dependency else { continue }
      guard case .chunk(let kept) = stream.records[number - Int(distance)] else {
        Issue.record("record \(number) refers to no chunk")
        continue
      }
      #expect(kept.dependency == .kept)
      #expect(kept.device == chunk.device)
    }
    #expect(chunks.contains { $0.chunk.dependency == .kept })
    if windowByteCount == 4 << 20 {
      // What is sent again is found: of a quarter of the blocks that changed, less than half of a
      // chunk.
      let again = chunks.filter { $0.chunk.context.phase == .stopCopy }
      #expect(again.allSatisfy { $0.chunk.isDelta })
      var plain = builder
      plain.header.limits = StreamLimits(chunkByteCount: 64 << 10, metadataByteCount: 1 << 20)
      plain.header = StreamHeader(uuid: StreamBuilder.uuid, limits: plain.header.limits)
      #expect(bytes.count < (try plain.encoded().count) * 7 / 10)
    }
  }

  @Test func theFeatureIsSetOnlyWhereThereIsAWindow() throws {
    var random = SplitMix64(seed: 1)
    let builder = StreamBuilder.rounds(2, windowByteCount: 100_000, using: &random)
    let bytes = try builder.encoded()
    let header = try StreamHeader(parsing: bytes.span.raw)
    #expect(header.mandatoryFeatures == .deltas)
    #expect(header.version == .init(major: 1, minor: 1))
    #expect(header.limits.windowByteCount == 128 << 10)
    let plain = StreamHeader(uuid: StreamBuilder.uuid)
    #expect(plain.mandatoryFeatures == [])
    #expect(plain.version == .init(major: 1, minor: 0))
  }

  @Test func aReaderWithALowerLimitRefusesAtTheHeader() throws {
    var random = SplitMix64(seed: 1)
    let bytes = try StreamBuilder.rounds(2, windowByteCount: 1 << 20, using: &random).encoded()
    var limits = DecodingLimits.standard
    limits.windowByteCount = (1 << 20) - 1
    let error = #expect(throws: StreamError.self) {
      try DecodedStream([UInt8](bytes[..<StreamHeader.byteCount]), limits: limits)
    }
    #expect(error?.code == .windowExceeded)
    #expect(error?.offset == 48)
    limits.windowByteCount = 1 << 20
    #expect(throws: Never.self) { try DecodedStream(bytes, limits: limits) }
  }

  @Test func rawCodingKeepsNothing() throws {
    var random = SplitMix64(seed: 1)
    var builder = StreamBuilder.rounds(2, windowByteCount: 1 << 20, using: &random)
    builder.compression = .raw
    let stream = try DecodedStream(try builder.encoded())
    #expect(chunks(stream).allSatisfy { $0.chunk.dependency == .none })
  }

  private func code(
    _ state: [UInt8], device: UInt16, with encoder: inout StreamEncoder, into bytes: inout [UInt8]
  ) -> StreamError? {
    do throws(StreamError) {
      bytes.take(
        try encoder.chunk(state.span.raw, device: device, context: .init(phase: .preCopy)))
      return nil
    } catch {
      return error
    }
  }

  /// After a chunk that was refused, the stream goes on as if it had not been tried.
  @Test func aRefusedChunkIsReferredToByNone() throws {
    var random = SplitMix64(seed: 1)
    let builder = StreamBuilder.rounds(1, windowByteCount: 1 << 20, using: &random)
    let state = [UInt8](builder.pieces[0].bytes[..<(64 << 10)])
    var encoder = try StreamEncoder(builder.header)
    var bytes: [UInt8] = []
    bytes.take(try encoder.write(.information(StreamInformation())))
    bytes.take(try encoder.write(.identity(DeviceIdentity(), device: 0)))
    let refusal = code(state, device: 1, with: &encoder, into: &bytes)
    #expect(refusal?.code == .misplacedRecord)
    for _ in 0..<3 {
      let error = code(state, device: 0, with: &encoder, into: &bytes)
      #expect(error == nil)
    }
    bytes.take(try encoder.finish())
    let stream = try DecodedStream(bytes)
    #expect(stream.states == [0: state + state + state])
    #expect(
      chunks(stream).map(\.chunk.dependency) == [
        .kept, .reference(distance: 1), .reference(distance: 2),
      ])
  }

  // MARK: Hostile writers

  /// Two devices; the first chunk of each is kept, and sent again twice.
  private func small() throws -> MutableStream {
    var random = SplitMix64(seed: 1)
    let builder = StreamBuilder.rounds(
      2, chunkCount: 1, windowByteCount: 128 << 10, using: &random)
    return MutableStream(try builder.encoded())
  }

  // Numbers of its records.
  private static let keptChunk = 3, delta = 5

  @Test func theSampleIsWhatTheCasesNeed() throws {
    let stream = try DecodedStream(try small().encoded())
    guard case .chunk(let kept) = stream.records[Self.keptChunk],
      case .chunk(let delta) = stream.records[Self.delta]
    else {
      Issue.record("the records are others")
      return
    }
    #expect(kept.dependency == .kept)
    #expect(delta.dependency == .reference(distance: 2))
  }

  @Test(arguments: [
    ("to itself", 0), ("to another device's", 1), ("to no chunk", 3), ("to before the stream", 99),
    ("far back", 0xffff),
  ])
  func aReferenceToWhatIsNotKeptIsRefused(_ name: String, distance: UInt16) throws {
    var stream = try small()
    stream.records[Self.delta].payload[2] = UInt8(truncatingIfNeeded: distance)
    stream.records[Self.delta].payload[3] = UInt8(distance >> 8)
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
    #expect(error?.record == UInt32(Self.delta))
  }

  @Test func whatFellOutOfTheWindowIsRefused() throws {
    var stream = try small()
    // One chunk of the two fits.
    stream.streamHeader[48] = 1
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
    #expect(error?.record == UInt32(Self.delta))
  }

  @Test func aDeltaNeedsTheFeature() throws {
    var stream = try small()
    stream.streamHeader[12] = 0
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
  }

  @Test func anotherPrefixIsFoundByTheFramesChecksum() throws {
    var stream = try small()
    // The other device's kept chunk, said to be this one's.
    stream.records[Self.keptChunk].payload = stream.records[Self.keptChunk + 1].payload
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .corruptChunk || error?.code == .malformedRecord)
  }

  @Test func aKeptFillIsRefused() throws {
    var random = SplitMix64(seed: 1)
    var builder = StreamBuilder.rounds(1, windowByteCount: 1 << 20, using: &random)
    // Another context than what follows has, so that it is a chunk of its own.
    builder.pieces.insert(
      .init(
        device: 0, context: .init(phase: .preCopy, flags: .initialData), bytes: [7, 7, 7]), at: 0)
    var stream = MutableStream(try builder.encoded())
    let first = stream.index(of: .stateChunk)
    stream.records[first].payload[1] |= 16
    let error = #expect(throws: StreamError.self) { try DecodedStream(stream.encoded()) }
    #expect(error?.code == .malformedRecord)
  }
}

extension StateChunk {
  fileprivate var isDelta: Bool {
    guard case .reference = dependency else { return false }
    return true
  }
}
