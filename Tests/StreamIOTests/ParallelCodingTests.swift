import ByteIO
import Glibc
import MigrationStream
import StreamIO
import TestSupport
import Testing

/// Several threads must not be seen in what is written, read, or refused.
@Suite struct ParallelCodingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(
    _ builder: StreamBuilder, to name: String, threads: ThreadCount, isSwapping: Bool = false
  ) throws {
    var writer = try StreamWriter(
      to: OutputFile(path: folder[name]), header: builder.header, compression: builder.compression,
      threads: threads)
    try writer.write(.information(builder.information))
    for (number, device) in zip((0 as UInt16)..., builder.devices) {
      try writer.write(.identity(device.identity, device: number))
    }
    var buffer = ByteBuffer()
    for (number, piece) in builder.pieces.enumerated() {
      if number % 7 == 3, let record = builder.unknown.first {
        try writer.write(.optional(record))
      }
      for start in stride(from: 0, to: piece.bytes.count, by: 64 << 10) {
        let bytes = [UInt8](piece.bytes[start..<min(start + 64 << 10, piece.bytes.count)])
        if isSwapping {
          buffer.append(bytes)
          try writer.write(from: &buffer, device: piece.device, context: piece.context)
          let left = buffer.count
          #expect(left == 0)
        } else {
          try writer.write(bytes.span.raw, device: piece.device, context: piece.context)
        }
      }
    }
    try writer.finish()
  }

  private func contents(_ name: String) throws -> [UInt8] {
    try InputFile(path: folder[name]).contents(limit: 1 << 26)
  }

  @Test(arguments: seeds(12))
  func theStreamIsTheSameForAnyNumberOfThreads(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    builder.compression = [.raw, .zstd(level: 1), .zstd(level: -3)][Int(seed % 3)]
    try write(builder, to: "one", threads: .one)
    let expected = try contents("one")
    for count in [2, 3, 16] {
      let threads = try #require(ThreadCount(count))
      try write(builder, to: "many", threads: threads, isSwapping: count == 3)
      #expect(try contents("many") == expected)
    }
  }

  /// What a reader says of each record, with its chunks' bytes, and how it ends.
  private func story(
    _ path: String, threads: ThreadCount, asking wanted: (UInt16) -> Bool
  ) throws -> [String] {
    var reader = StreamReader(try InputFile(path: path), threads: threads)
    var lines: [String] = []
    do throws(StreamIOError) {
      while let record = try reader.next() {
        var line = "\(record) \(reader.recordOffset) \(reader.offset) \(reader.isContentComplete)"
        line += " \(String(describing: reader.recordHeader)) \(hex([UInt8](reader.payload)))"
        lines.append(line)
        switch record {
        case .chunk(let chunk) where wanted(chunk.device):
          lines.append(hex([UInt8](try reader.chunkBytes())))
        case .summary(_, let device): lines.append("\(reader.isVerified(device: device))")
        default: break
        }
      }
    } catch {
      lines.append("\(error)")
      do throws(StreamIOError) {
        _ = try reader.next()
        Issue.record("a stream that failed goes on")
      } catch let again {
        #expect(again == error)
      }
    }
    return lines
  }

  @Test(arguments: seeds(12))
  func aReaderTellsTheSameWithAnyNumberOfThreads(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    builder.indexThreshold = 2
    let path = try folder.write(try builder.encoded())
    for wanted in [{ _ in true }, { $0 % 2 == 1 }] as [(UInt16) -> Bool] {
      let expected = try story(path, threads: .one, asking: wanted)
      for count in [2, 5] {
        let threads = try #require(ThreadCount(count))
        #expect(try story(path, threads: threads, asking: wanted) == expected)
      }
    }
  }

  /// Records that need no work come first, so that their places in the ring are used again before
  /// any thread has begun.
  @Test(arguments: 0..<50) func noChunkIsDecodedByTwoThreads(repetition: Int) throws {
    var builder = StreamBuilder()
    let text = (0..<64 << 10).map { UInt8(truncatingIfNeeded: $0 / 7) }
    builder.pieces = (0..<12).map { number in
      .init(
        device: 0, context: .init(phase: .preCopy, iteration: UInt32(number)),
        bytes: text.map { $0 &+ UInt8(number) })
    }
    let path = try folder.write(try builder.encoded())
    var reader = StreamReader(
      try InputFile(path: path), threads: try #require(ThreadCount(2)))
    var state: [UInt8] = []
    while let record = try reader.next() {
      guard case .chunk = record else { continue }
      state += [UInt8](try reader.chunkBytes())
    }
    let isVerified = reader.isVerified(device: 0)
    #expect(isVerified && state == builder.pieces.flatMap(\.bytes))
  }

  @Test(arguments: seeds(60))
  func aDamagedStreamFailsAlikeWithAnyNumberOfThreads(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var bytes = try Samples.small(indexed: seed % 2 == 0).encoded()
    if seed % 5 == 0 {
      bytes.removeLast(.random(in: 1..<bytes.count, using: &random))
    } else {
      bytes[.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8(seed % 8)
    }
    let path = try folder.write(bytes)
    let expected = try story(path, threads: .one) { _ in true }
    let two = try #require(ThreadCount(2))
    #expect(try story(path, threads: two) { _ in true } == expected)
  }

  @Test func aCorruptFrameIsReportedInItsPlace() throws {
    var builder = Samples.small(indexed: true)
    builder.header.limits.chunkByteCount = 64 << 10
    builder.pieces = (0..<20).map { number in
      .init(
        device: 0, context: .init(phase: .stopCopy),
        bytes: (0..<64 << 10).map { UInt8(truncatingIfNeeded: $0 / 300 + number) })
    }
    var stream = MutableStream(try builder.encoded())
    // A payload that matches its checksum, and does not decode.
    let index = stream.index(of: .stateChunk) + 11
    stream.records[index].payload[20] ^= 0xff
    let path = try folder.write(stream.encoded())
    let expected = try story(path, threads: .one) { _ in true }
    #expect(expected.last?.contains("zstd frame") == true)
    for count in [2, 4, 40] {
      #expect(try story(path, threads: #require(ThreadCount(count))) { _ in true } == expected)
    }
  }

  private func fill(_ path: String, with bytes: [UInt8], threads: ThreadCount) throws {
    var writer = try StreamWriter(
      to: OutputFile(path: path), header: StreamBuilder().header, compression: .raw,
      threads: threads)
    try writer.write(.information(StreamInformation()))
    try writer.write(.identity(DeviceIdentity(), device: 0))
    for _ in 0..<20 {
      try writer.write(bytes.span.raw, device: 0, context: .init(phase: .stopCopy))
    }
    try writer.finish()
  }

  @Test func aFullSinkIsReportedAndLeavesNothingBehind() throws {
    var random = SplitMix64(seed: 1)
    let bytes = random.bytes(64 << 10)
    var descriptors: [CInt] = [0, 0]
    #expect(pipe(&descriptors) == 0)
    close(descriptors[0])
    signal(SIGPIPE, SIG_IGN)
    let path = "/proc/self/fd/\(descriptors[1])"
    for threads in [ThreadCount.one, try #require(ThreadCount(3))] {
      let error = #expect(throws: StreamIOError.self) {
        try fill(path, with: bytes, threads: threads)
      }
      #expect(error?.path == path)
    }
    close(descriptors[1])
  }

  private func writeStray(to path: String, threads: ThreadCount) throws {
    var writer = try StreamWriter(
      to: OutputFile(path: path), header: StreamBuilder().header, threads: threads)
    try writer.write(.information(StreamInformation()))
    try writer.write([1, 2].span.raw, device: 0, context: .init(phase: .stopCopy))
    try writer.finish()
  }

  @Test func aChunkOfNoDeviceIsRefused() throws {
    let threads = try #require(ThreadCount(2))
    let error = #expect(throws: StreamIOError.self) {
      try writeStray(to: folder["none"], threads: threads)
    }
    guard case .stream(let cause)? = error?.cause else {
      Issue.record("not an error of the stream: \(String(describing: error))")
      return
    }
    #expect(cause.code == .misplacedRecord)
    #expect(folder.names.isEmpty)
  }

  @Test(arguments: [1, 2, 3, 8])
  func aComparisonFindsTheSame(count: Int) throws {
    var random = SplitMix64(seed: 4)
    var builder = StreamBuilder.random(using: &random)
    builder.indexThreshold = 2
    builder.devices = [.init(), .init()]
    builder.pieces = (0..<12).map { number in
      .init(
        device: UInt16(number % 2), context: .init(phase: .stopCopy),
        bytes: random.state(70_000))
    }
    let left = try folder.write(try builder.encoded(), to: "left")
    builder.pieces[5].bytes[69_000] ^= 1
    builder.pieces[10].bytes.removeLast(9)
    let right = try folder.write(try builder.encoded(), to: "right")
    let comparison = StreamComparison(
      try StreamArchive(try InputFile(path: left)), try StreamArchive(try InputFile(path: right)),
      threads: try #require(ThreadCount(count)))
    let differences = try comparison.differences()
    #expect(differences.map(\.device) == [0, 1])
    #expect(differences.last?.ranges?.byteCount == 1)
    #expect(differences.first?.ranges?.byteCount ?? 0 >= 9)
  }
}
