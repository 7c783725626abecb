import ByteIO
import MigrationStream
import StreamIO
import TestSupport
import Testing

@Suite struct PartsSourceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let limits = StreamLimits(chunkByteCount: 64 << 10, metadataByteCount: 1 << 20)

  private func part(_ number: UInt16, _ state: [UInt8], preCopy: UInt64) throws -> PartsSource.Part
  {
    try PartsSource.Part(
      DeviceIntroduction(number: number, identity: DeviceIdentity(name: "device \(number)")),
      statePath: folder.write(state, to: "\(number)"), preCopyByteCount: preCopy)
  }

  @Test(arguments: [0, 1, 65536, 65537, 200_000] as [UInt64])
  func statesComeInChunksOfTheLimitAndInTheirPhases(preCopy: UInt64) throws {
    var random = SplitMix64(seed: preCopy)
    let states = [random.bytes(200_000), [], random.bytes(300_000)]
    let information = StreamInformation(producer: "test")
    var source = PartsSource(
      try zip((0 as UInt16)..., states).map { try part($0, $1, preCopy: $1.isEmpty ? 0 : preCopy) },
      information: information, limits: limits)
    var writer = try StreamWriter(
      to: OutputFile(path: folder["parts.dms"]),
      header: StreamHeader(uuid: StreamBuilder.uuid, limits: limits))
    try source.copy(into: &writer)
    try writer.finish()
    let stream = try DecodedStream(try Corpus.contents(folder["parts.dms"]))
    #expect(stream.records.first == .information(information))
    for (number, state) in zip((0 as UInt16)..., states) {
      #expect(stream.states[number, default: []] == state)
      let chunks = stream.records.compactMap { record -> StateChunk? in
        if case .chunk(let chunk) = record, chunk.device == number { chunk } else { nil }
      }
      let running = chunks.filter { $0.context.phase == .preCopy }
      #expect(running.reduce(0) { $0 + UInt64($1.byteCount) } == (state.isEmpty ? 0 : preCopy))
      #expect(
        running.map { $0.context.flags.contains(.lastOfIteration) }
          == running.indices.map { $0 == running.count - 1 })
    }
    let count = source.stateByteCount
    #expect(count == 500_000)
  }

  @Test func aStateThatIsShorterThanItsPreCopyIsRefused() throws {
    var source = PartsSource(
      [try part(0, [1, 2, 3], preCopy: 5)], information: StreamInformation(), limits: limits)
    do throws(StreamIOError) {
      while try source.next() != nil {}
      Issue.record("a state of three bytes had five")
    } catch {
      #expect("\(error)".hasSuffix("expected 5 bytes of pre-copy state, found 3"))
    }
  }
}
