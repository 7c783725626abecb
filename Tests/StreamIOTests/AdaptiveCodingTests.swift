import ByteIO
import Glibc
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// What the adaptive policy makes of outputs of different speeds.
@Suite struct AdaptiveCodingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(
    _ chunks: [[UInt8]], repeating count: Int, bandwidth: UInt64, threads: ThreadCount
  ) throws -> [ChunkEncoding: Int] {
    let clock = SteppingClock()
    let file = try OutputFile(path: folder["out"])
    var writer = try StreamWriter(
      to: SimulatedLink(to: file, bytesPerSecond: bandwidth, clock: clock),
      header: StreamHeader(
        uuid: StreamBuilder.uuid,
        limits: StreamLimits(chunkByteCount: 1 << 20, metadataByteCount: 1 << 20)),
      policy: .adaptive, threads: threads, clock: clock)
    try writer.write(.information(StreamInformation()))
    try writer.write(.identity(DeviceIdentity(), device: 0))
    for _ in 0..<count {
      for chunk in chunks {
        try writer.write(chunk.span.raw, device: 0, context: .init(phase: .stopCopy))
      }
    }
    try writer.finish()
    let archive = try StreamArchive(try InputFile(path: folder["out"]))
    var counts: [ChunkEncoding: Int] = [:]
    var cursor = RecordCursor(in: archive)
    while let record = try cursor.next(in: archive) {
      if case .chunk = record.content { counts[record.header.encoding, default: 0] += 1 }
    }
    var reader = StreamReader(try InputFile(path: folder["out"]))
    var number = 0
    while let record = try reader.next() {
      guard case .chunk = record else { continue }
      #expect([UInt8](try reader.chunkBytes()) == chunks[number % chunks.count])
      number += 1
    }
    #expect(number == count * chunks.count)
    return counts
  }

  /// Half a MiB that any level shrinks a lot.
  private let text: [UInt8] = (0..<1 << 19).map { UInt8(truncatingIfNeeded: $0 / 64 % 50 + $0 % 7) }

  @Test(arguments: [1, 2]) func aSlowOutputIsCodedFor(count: Int) throws {
    let counts = try write(
      [text], repeating: 40, bandwidth: 20 << 20, threads: #require(ThreadCount(count)))
    // All but those that the link takes at once, before it is known how slow it is.
    #expect(counts[.zstd] ?? 0 >= 30)
  }

  @Test(arguments: [1, 2]) func noiseIsNotTriedEvenForASlowOutput(count: Int) throws {
    var random = SplitMix64(seed: 1)
    let counts = try write(
      [random.bytes(1 << 18), [UInt8](repeating: 9, count: 1 << 18)], repeating: 20,
      bandwidth: 40 << 20, threads: #require(ThreadCount(count)))
    #expect(counts == [.raw: 20, .fill: 20])
  }

  @Test func aLinkTakesItsTime() throws {
    let clock = SteppingClock()
    var output = SimulatedLink(
      to: MemoryOutput(), bytesPerSecond: 100 << 20, clock: clock)
    var random = SplitMix64(seed: 1)
    let bytes = random.bytes(1 << 20)
    let start = clock.now
    for _ in 0..<10 { try output.write(bytes.span.raw, RawSpan()) }
    try output.finish()
    let time = clock.now - start
    #expect(time >= .milliseconds(100) && time < .milliseconds(200))
  }

  @Test func aPipeIsTold() throws {
    var descriptors: [CInt] = [0, 0]
    #expect(pipe(&descriptors) == 0)
    defer { for descriptor in descriptors { close(descriptor) } }
    let isPipe = try OutputFile(path: "/proc/self/fd/\(descriptors[1])").isPipe
    let isFile = try OutputFile(path: folder["file"]).isPipe
    #expect(isPipe)
    #expect(!isFile)
  }
}
