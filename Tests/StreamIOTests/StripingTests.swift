import ByteIO
import Glibc
import MigrationStream
import StreamIO
import Synchronization
import TestSupport
import Testing

/// A stream in several channels is the same stream, whichever channel is fast.
@Suite struct StripingTests {
  /// What went into each channel, and the threads that wrote it.
  final class Channels: Sendable {
    struct Content {
      var bytes: [UInt8] = []
      var threads: Set<pthread_t> = []
      var isEnded = false
    }
    private let contents: Mutex<[Content]>

    init(_ count: Int) { contents = Mutex([Content](repeating: Content(), count: count)) }

    subscript(number: Int) -> Content { contents.withLock { $0[number] } }
    var streams: [[UInt8]] { contents.withLock { $0.map(\.bytes) } }

    func change(_ number: Int, _ body: (inout Content) -> Void) {
      contents.withLock { body(&$0[number]) }
    }
  }

  /// Writes into a channel, and lets others go first as a seed says.
  struct Sink: ByteSink {
    let channels: Channels
    let number: Int
    var random: SplitMix64
    var name: String { "channel \(number)" }

    mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
      if random.next() % 3 == 0 { sched_yield() }
      let bytes = [UInt8](head) + [UInt8](body)
      channels.change(number) {
        $0.bytes += bytes
        $0.threads.insert(pthread_self())
      }
    }

    mutating func finish() throws(StreamIOError) { channels.change(number) { $0.isEnded = true } }
  }

  /// Gives a channel in pieces, of which more or less have come, as a seed says.
  struct Source: ByteSource {
    let bytes: [UInt8]
    var position = 0
    let number: Int
    var random: SplitMix64
    var name: String { "channel \(number)" }
    var byteCount: UInt64? { nil }
    var isReady: Bool { position % 3 > 0 }

    mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
      let most = min(span.byteCount, bytes.count - position)
      let count = most == 0 ? 0 : Int(random.next() % UInt64(most)) + 1
      span.copy(bytes[position..<position + count].span.raw)
      position += count
      return count
    }
  }

  private static func header(_ builder: StreamBuilder, _ channel: Int, of count: Int)
    -> StreamHeader
  {
    StreamHeader(
      uuid: builder.header.uuid, limits: builder.header.limits, channel: UInt16(channel),
      channelCount: UInt16(count))
  }

  /// The stream of a builder in channels.
  private static func write(
    _ builder: StreamBuilder, channels count: Int, seed: UInt64, threads: ThreadCount = .one
  ) throws -> Channels {
    let channels = Channels(count)
    let policy: CodingPolicy = seed % 5 == 0 ? .adaptive : .fixed(.standard)
    @Sendable func open(_ number: UInt16) throws(StreamIOError) -> StreamWriter {
      try StreamWriter(
        to: Sink(channels: channels, number: Int(number), random: SplitMix64(seed: seed)),
        header: header(builder, Int(number), of: count), policy: policy, threads: threads)
    }
    var writer = try StripedWriter(first: try open(0), open: open)
    try put(builder, into: &writer)
    try writer.finish()
    return channels
  }

  private static func put<Sink: RecordSink & ~Copyable>(
    _ builder: StreamBuilder, into writer: inout Sink
  ) throws {
    try writer.write(.information(builder.information))
    for (number, device) in zip((0 as UInt16)..., builder.devices) {
      try writer.write(.identity(device.identity, device: number))
    }
    var buffer = ByteBuffer()
    for (number, piece) in builder.pieces.enumerated() {
      if number % 3 == 2 {
        for record in builder.unknown { try writer.write(.optional(record)) }
      }
      for start in stride(from: 0, to: piece.bytes.count, by: 20_000) {
        let part = [UInt8](piece.bytes[start..<min(start + 20_000, piece.bytes.count)])
        if start % 40_000 == 0 {
          buffer.append(part)
          try writer.write(from: &buffer, device: piece.device, context: piece.context)
        } else {
          try writer.write(part.span.raw, device: piece.device, context: piece.context)
        }
      }
    }
    for record in builder.unknown { try writer.write(.optional(record)) }
  }

  private static func builder(_ seed: UInt64) -> StreamBuilder {
    var random = SplitMix64(seed: seed)
    var builder = StreamBuilder.random(using: &random)
    builder.pieces.shuffle(using: &random)
    builder.pieces.sort { ($0.context.phase.rawValue) < ($1.context.phase.rawValue) }
    return builder
  }

  /// What a reader gives: each record, and of chunks the state.
  private static func story<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(Source.Failure) -> [String] {
    var lines: [String] = []
    while let record = try source.next() {
      switch record {
      case .index: continue
      case .end(let totals):
        lines.append("\(totals.deviceCount) \(totals.chunkCount) \(totals.stateByteCount)")
      case .chunk(let chunk):
        lines.append(
          "\(chunk.device) \(chunk.stateOffset) \(chunk.context) \(hex([UInt8](try source.chunkBytes())))"
        )
      case .summary(_, let device):
        lines.append("\(record) \(source.isVerified(device: device))")
      default: lines.append("\(record)")
      }
    }
    return lines
  }

  private static func read(
    _ streams: [[UInt8]], seed: UInt64, threads: ThreadCount = .one
  ) throws(StreamIOError) -> [String] {
    var limits = DecodingLimits.standard
    limits.takesOneChannel = true
    var reader = StripedReader(channelCount: streams.count) { (number) in
      StreamReader(
        Source(
          bytes: streams[Int(number)], number: Int(number),
          random: SplitMix64(seed: seed + UInt64(number))),
        limits: limits, threads: threads)
    }
    return try story(&reader)
  }

  // MARK: What is written is read

  @Test(arguments: seeds(12))
  func aStreamInChannelsIsTheWholeStream(seed: UInt64) throws {
    let builder = Self.builder(seed)
    let whole = try Self.write(builder, channels: 1, seed: seed)
    var reader = StreamReader(MemoryInput(whole[0].bytes))
    let expected = try Self.story(&reader)
    for count in [2, 3, Int(seed % 15) + 2] {
      for threads in [1, 2] {
        let threads = try #require(ThreadCount(threads))
        let channels = try Self.write(builder, channels: count, seed: seed, threads: threads)
        let found = try Self.read(channels.streams, seed: seed, threads: threads)
        // Optional records may stand elsewhere between the chunks, in their order.
        let isUnknown = { (line: String) in line.contains("OptionalRecord") }
        #expect(found.filter { !isUnknown($0) } == expected.filter { !isUnknown($0) })
        #expect(found.filter(isUnknown) == expected.filter(isUnknown))
      }
    }
  }

  /// The k-th chunk stands in channel k mod n, where a device's chunks keep their order.
  @Test(arguments: seeds(12))
  func chunksAreDealtInTurn(seed: UInt64) throws {
    let builder = Self.builder(seed)
    let whole = try Self.write(builder, channels: 1, seed: seed)
    let expected = try Self.chunks(whole[0].bytes)
    let count = Int(seed % 15) + 2
    let channels = try Self.write(builder, channels: count, seed: seed + 1)
    for number in 0..<count {
      let dealt = stride(from: number, to: expected.count, by: count).map { expected[$0] }
      #expect(try Self.chunks(channels[number].bytes) == dealt)
      #expect(channels[number].isEnded)
    }
  }

  private static func chunks(_ bytes: [UInt8]) throws -> [StateChunk] {
    var limits = DecodingLimits.standard
    limits.takesOneChannel = true
    var reader = StreamReader(MemoryInput(bytes), limits: limits)
    var chunks: [StateChunk] = []
    while let record = try reader.next() {
      if case .chunk(let chunk) = record { chunks.append(chunk) }
    }
    return chunks
  }

  /// Each channel is written, and so coded, by a thread of its own.
  @Test func channelsAreCodedByThreadsOfTheirOwn() throws {
    let channels = try Self.write(Self.builder(3), channels: 3, seed: 1)
    for number in 0..<3 { #expect(channels[number].threads.count == 1) }
    #expect(Set((0..<3).flatMap { channels[$0].threads }).count == 3)
    #expect(channels[0].threads == [pthread_self()])
  }

  /// While a channel takes nothing, no more than a few chunks wait.
  @Test func whoeverGivesChunksWaitsForAChannelThatLags() throws {
    final class Gate: Sendable {
      let isOpen = Atomic(false)
      let given = Atomic(0)
    }
    struct GatedSink: ByteSink {
      let gate: Gate
      var name: String { "channel 1" }
      mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
        while body.byteCount > 0, !gate.isOpen.load(ordering: .acquiring) { usleep(1000) }
      }
      mutating func finish() throws(StreamIOError) {}
    }
    let gate = Gate()
    let thread = try #require(
      WritingThread {
        do {
          let builder = StreamBuilder()
          let channels = Channels(2)
          var writer = try StripedWriter(
            first: try StreamWriter(
              to: Sink(channels: channels, number: 0, random: SplitMix64(seed: 1)),
              header: Self.header(builder, 0, of: 2), compression: .raw)
          ) { (number) throws(StreamIOError) in
            try StreamWriter(
              to: GatedSink(gate: gate), header: Self.header(builder, Int(number), of: 2),
              compression: .raw)
          }
          try writer.write(.information(StreamInformation()))
          try writer.write(.identity(DeviceIdentity(), device: 0))
          let bytes = [UInt8](repeating: 1, count: 999) + [2]
          for _ in 0..<200 {
            try writer.write(
              bytes.span.raw, device: 0, context: StateChunk.Context(phase: .stopCopy))
            gate.given.add(1, ordering: .relaxed)
          }
          try writer.finish()
        } catch {
          gate.given.store(-1, ordering: .relaxed)
        }
      })
    while gate.given.load(ordering: .relaxed) < 4 { usleep(1000) }
    usleep(50_000)
    #expect(gate.given.load(ordering: .relaxed) < 12)
    gate.isOpen.store(true, ordering: .releasing)
    thread.join()
    #expect(gate.given.load(ordering: .relaxed) == 200)
  }

  // MARK: What is not all of it, or not as it was dealt

  @Test func oneChannelIsNotTakenForAStream() throws {
    let builder = Self.builder(3)
    let channels = try Self.write(builder, channels: 3, seed: 1)
    for number in 0..<3 {
      var reader = StreamReader(MemoryInput(channels[number].bytes))
      let error = #expect(throws: StreamIOError.self) { try reader.next() }
      #expect(error?.streamCode == .oneChannel)
    }
  }

  @Test(arguments: seeds(12))
  func otherSetsOfChannelsAreRefused(seed: UInt64) throws {
    var builder = Self.builder(seed)
    if builder.devices.isEmpty { builder.devices = [.init()] }
    builder.pieces.append(
      .init(
        device: 0, context: StateChunk.Context(phase: .stopCopy),
        bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }))
    let streams = try Self.write(builder, channels: 3, seed: seed).streams
    var other = builder
    other.header.uuid = .random()
    let others = try Self.write(other, channels: 3, seed: seed).streams
    let four = try Self.write(builder, channels: 4, seed: seed).streams
    let sets: [(String, [[UInt8]])] = [
      ("one twice", [streams[0], streams[1], streams[1]]),
      ("another order", [streams[1], streams[0], streams[2]]),
      ("one missing", [streams[0], streams[1]]),
      ("one of another stream", [streams[0], others[1], streams[2]]),
      ("one of more channels", [streams[0], four[1], streams[2]]),
      ("one cut", [streams[0], Array(streams[1].dropLast(40)), streams[2]]),
      ("one empty", [streams[0], streams[1], []]),
    ]
    for (name, set) in sets {
      #expect(throws: StreamIOError.self, "\(name)") { _ = try Self.read(set, seed: seed) }
    }
    _ = try Self.read(streams, seed: seed)
  }

  /// A channel that is changed or cut anywhere is never part of a stream.
  @Test(arguments: seeds(8))
  func damageInAChannelIsFound(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let streams = try Self.write(Self.builder(seed), channels: 3, seed: seed).streams
    for _ in 0..<40 {
      let channel = Int.random(in: 0..<3, using: &random)
      let place = Int.random(in: 0..<streams[channel].count, using: &random)
      var damaged = streams[channel]
      if Bool.random(using: &random) {
        damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      } else {
        damaged.removeSubrange(place...)
      }
      let set = (0..<3).map { $0 == channel ? damaged : streams[$0] }
      #expect(throws: StreamIOError.self, "channel \(channel), byte \(place)") {
        try Self.read(set, seed: seed)
      }
    }
  }

  /// Chunks that were dealt otherwise, in channels each of which is sound, are no stream.
  @Test func chunksThatAreDealtOtherwiseAreRefused() throws {
    let builder = StreamBuilder()
    func channel(_ number: Int, _ chunks: [UInt64], total: UInt64) throws -> [UInt8] {
      var encoder = try StreamEncoder(Self.header(builder, number, of: 2), compression: .raw)
      var bytes: [UInt8] = []
      bytes.take(try encoder.write(.information(StreamInformation())))
      bytes.take(try encoder.write(.identity(DeviceIdentity(), device: 0)))
      var buffer = ByteBuffer()
      for chunk in chunks {
        buffer.removeAll()
        buffer.append(repeating: UInt8(chunk), count: 10)
        let planned = encoder.plan(
          buffer, device: 0, context: StateChunk.Context(phase: .stopCopy), at: chunk * 10,
          isCoded: false)
        let head = [UInt8](try encoder.head(of: planned, buffer, as: .raw, frame: ByteBuffer()))
        bytes += head + [UInt8](buffer.bytes)
      }
      bytes.take(
        try encoder.finish([DeviceSummary(byteCount: total * 10, chunkCount: total, digest: nil)]))
      return bytes
    }
    // As they should be.
    _ = try Self.read(
      [channel(0, [0, 2], total: 4), channel(1, [1, 3], total: 4)], seed: 1)
    for (first, second) in [([0, 3], [1, 2]), ([1, 2], [0, 3]), ([0, 1], [2, 3])]
      as [([UInt64], [UInt64])]
    {
      let error = #expect(throws: StreamIOError.self) {
        try Self.read(
          [channel(0, first, total: 4), channel(1, second, total: 4)], seed: 1)
      }
      #expect(error?.streamCode == .discontinuousState)
    }
    // A channel with more or fewer than its share says so by itself.
    for chunks in [[0, 1, 2], [0]] as [[UInt64]] {
      let error = #expect(throws: StreamError.self) { try channel(0, chunks, total: 4) }
      #expect(error?.code == .totalsMismatch)
    }
    // So does one whose state goes back, or lies behind its summary.
    #expect(throws: StreamError.self) { try channel(0, [2, 0], total: 4) }
    #expect(throws: StreamError.self) { try channel(0, [0, 9], total: 4) }
  }
}
