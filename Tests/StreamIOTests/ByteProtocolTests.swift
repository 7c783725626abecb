import ByteIO
import Glibc
import MigrationStream
import StreamIO
import SystemPackage
import TestSupport
import Testing

/// A stream is the same wherever its bytes come from and go to.
@Suite struct ByteProtocolTests {
  /// Where a stream goes and comes from.
  enum Place: CaseIterable { case memory, memfd, pipe, socket }

  private let builder = Samples.small(indexed: true)
  private let stream: [UInt8]

  init() throws { stream = try builder.encoded() }

  /// Copies the stream.
  private func write(
    to sink: consuming any ByteSink<StreamIOError> & ~Copyable, threads: ThreadCount = .one
  ) throws {
    var reader = StreamReader(MemoryInput(stream))
    var writer = try StreamWriter(
      to: sink, header: builder.header, compression: builder.compression, threads: threads)
    while let record = try reader.next() {
      if case .chunk(let chunk) = record {
        try writer.write(try reader.chunkBytes(), device: chunk.device, context: chunk.context)
      } else if reader.recordHeader?.type != .index {
        try writer.write(record)
      }
    }
    try writer.finish()
  }

  private func read(
    _ source: consuming any ByteSource<StreamIOError> & ~Copyable, threads: ThreadCount = .one
  ) throws -> [[UInt8]] {
    var reader = StreamReader(source, threads: threads)
    var states = builder.devices.map { _ in [UInt8]() }
    while let record = try reader.next() {
      guard case .chunk(let chunk) = record else { continue }
      states[Int(chunk.device)] += [UInt8](try reader.chunkBytes())
    }
    return states
  }

  /// The two ends of a pipe or of a pair of sockets.
  private static func ends(of place: Place) throws -> (read: FileDescriptor, write: FileDescriptor)
  {
    var ends: [CInt] = [0, 0]
    if place == .pipe {
      try #require(pipe(&ends) == 0)
    } else {
      try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
    }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  private static func memfd() throws -> FileDescriptor {
    // Swift's Glibc does not declare it.
    let symbol = try #require(dlsym(nil, "memfd_create"))
    let create = unsafeBitCast(
      symbol, to: (@convention(c) (UnsafePointer<CChar>, CUnsignedInt) -> CInt).self)
    return FileDescriptor(rawValue: create("stream", 0))
  }

  @Test(arguments: Place.allCases, [1, 3])
  func aStreamIsWrittenToAndReadFromAnyPlace(place: Place, threadCount: Int) throws {
    let threads = try #require(ThreadCount(threadCount))
    let expected = Samples.states(of: builder)
    switch place {
    case .memory:
      let memory = MemoryOutput<StreamIOError>()
      try write(to: memory, threads: threads)
      #expect(memory.isFinished)
      #expect(memory.bytes == stream)
      #expect(try read(MemoryInput(memory.bytes, pieceByteCount: 7), threads: threads) == expected)
    case .memfd:
      let file = try Self.memfd()
      try write(
        to: OutputFile(descriptor: file.duplicate(), name: "memfd"), threads: threads)
      // The position, which both descriptors share, is at the end now.
      let copy = try file.duplicate()
      #expect(
        try read(InputFile(descriptor: file, name: "memfd"), threads: threads) == expected)
      let archive = try StreamArchive(InputFile(descriptor: copy, name: "memfd"))
      #expect(try archive.catalog().isComplete)
    case .pipe, .socket:
      // What fits into a pipe or a socket is written at once.
      let ends = try Self.ends(of: place)
      try write(to: OutputFile(descriptor: ends.write, name: "peer"), threads: threads)
      #expect(
        try read(InputFile(descriptor: ends.read, name: "peer"), threads: threads) == expected)
    }
  }

  /// Neither end waits in the system: both are told that they would have to.
  @Test(arguments: [Place.pipe, .socket])
  func aDescriptorThatDoesNotBlockIsWaitedFor(place: Place) throws {
    let ends = try Self.ends(of: place)
    for end in [ends.read, ends.write] { _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK) }
    var random = SplitMix64(seed: 3)
    let bytes = random.bytes(8 << 20)
    let writer = try #require(
      WritingThread {
        var file: any ByteSink<StreamIOError> & ~Copyable = OutputFile(
          descriptor: ends.write, name: "peer")
        _ = try? file.write(bytes.span.raw, RawSpan())
      })
    let input = try InputFile(descriptor: ends.read, name: "peer")
    #expect(try input.contents(limit: bytes.count) == bytes)
    writer.join()
  }

  @Test func anArchiveAndASalvageReadMemory() throws {
    let bytes = stream
    for piece in [1, 5, .max] {
      let archive = try StreamArchive(MemoryInput(bytes, pieceByteCount: piece))
      #expect(archive.origin == .index)
      #expect(archive.byteCount == UInt64(bytes.count))
      let catalog = try archive.catalog()
      #expect(catalog.defect == nil && catalog.devices.count == builder.devices.count)
      let chunk = try archive.chunk(of: 0, containing: 60)
      #expect(chunk?.bytes == builder.pieces[2].bytes)
      #expect(try read(archive) == Samples.states(of: builder))
    }
    var damaged = bytes
    damaged[StreamHeader.byteCount + 4] ^= 1
    var salvage = try StreamSalvage(MemoryInput(damaged, name: "damaged"))
    while try salvage.next() != nil {}
    #expect(!salvage.report.isWhole)
    #expect(salvage.report.catalog.devices.count == builder.devices.count)
  }

  private func read(_ archive: consuming StreamArchive) throws -> [[UInt8]] {
    var reader = archive.reader()
    var states = builder.devices.map { _ in [UInt8]() }
    while let record = try reader.next() {
      guard case .chunk(let chunk) = record else { continue }
      states[Int(chunk.device)] += [UInt8](try reader.chunkBytes())
    }
    return states
  }

  @Test func errorsNameTheSource() throws {
    let error = #expect(throws: StreamIOError.self) {
      try StreamArchive(MemoryInput([1, 2, 3], name: "guest 7")).path
    }
    #expect(error?.path == "guest 7")
    let ends = try Self.ends(of: .pipe)
    try ends.write.close()
    var reader = StreamReader(try InputFile(descriptor: ends.read, name: "fd 5"))
    do throws(StreamIOError) {
      _ = try reader.next()
      Issue.record("an empty pipe is no stream")
    } catch {
      #expect(error.path == "fd 5")
    }
  }

  @Test func aDescriptorThatCannotBeReadIsAnErrorAndClosed() throws {
    let folder = try FileDescriptor.open("/", .readOnly)
    let error = #expect(throws: StreamIOError.self) {
      try InputFile(descriptor: folder, name: "folder").name
    }
    #expect(error?.cause == .system(.isDirectory, attempting: "read"))
    #expect(fcntl(folder.rawValue, F_GETFD) == -1)
  }

  /// Wherever a sink fails, the writer says so, and the sink was given what comes before.
  @Test(arguments: [1, 3]) func aSinkMayFailAtEachByte(threadCount: Int) throws {
    let threads = try #require(ThreadCount(threadCount))
    let bytes = stream
    for limit in 0..<bytes.count {
      let memory = MemoryOutput<StreamIOError>()
      let error = #expect(throws: StreamIOError.self, "after \(limit)") {
        try write(to: LimitedSink(memory, byteCount: limit), threads: threads)
      }
      #expect(error == LimitedSink.failure)
      #expect(memory.bytes == [UInt8](bytes[..<limit]) && !memory.isFinished)
    }
    let memory = MemoryOutput<StreamIOError>()
    try write(to: LimitedSink(memory, byteCount: bytes.count), threads: threads)
    #expect(memory.bytes == bytes && memory.isFinished)
  }

  @Test func whatFollowsASkipIsRead() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<100).map { UInt8($0) }
    var file: any ByteSource<StreamIOError> & ~Copyable = try InputFile(path: folder.write(bytes))
    var memory: any ByteSource<StreamIOError> & ~Copyable = MemoryInput(bytes)
    for (count, skipped) in [(10, 10), (60, 60), (50, 28)] as [(UInt64, UInt64)] {
      var buffer = ByteBuffer()
      let ofFile = try file.skip(count)
      let ofMemory = try memory.skip(count)
      #expect(ofFile == skipped && ofMemory == skipped)
      if count == 50 { break }
      var both: [[UInt8]] = []
      try file.read(into: &buffer, upTo: 1)
      both.append([UInt8](buffer.bytes))
      buffer.removeAll()
      try memory.read(into: &buffer, upTo: 1)
      both.append([UInt8](buffer.bytes))
      #expect(both == [[count == 10 ? 10 : 71], [count == 10 ? 10 : 71]])
    }
  }
}

/// A sink that takes a number of bytes and then fails.
private struct LimitedSink: ByteSink {
  static let failure = StreamIOError("limited", .system(.noSpace, attempting: "write"))

  private let memory: MemoryOutput<StreamIOError>
  private var left: Int

  init(_ memory: MemoryOutput<StreamIOError>, byteCount: Int) {
    self.memory = memory
    left = byteCount
  }

  var name: String { "limited" }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    let first = head.extracting(first: min(left, head.byteCount))
    let second = body.extracting(first: min(left - first.byteCount, body.byteCount))
    try memory.write(first, second)
    left -= first.byteCount + second.byteCount
    guard first.byteCount + second.byteCount == head.byteCount + body.byteCount else {
      throw Self.failure
    }
  }

  mutating func finish() throws(StreamIOError) { try memory.finish() }
}
