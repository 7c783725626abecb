import ByteIO
import MigrationStream
import QEMUStream
import TestSupport
import Testing

/// Devices put into a stream in place of what it has.
@Suite struct RewritingTests {
  private static func device(_ number: Int, of stream: [UInt8]) throws -> ReplaceableDevice {
    try ReplaceableDevice(ReadStream(stream).catalog.vfioDevices[number])
  }

  /// The stream with a device replaced, read in pieces of at most `step` bytes.
  private static func rewrite(
    _ stream: [UInt8], _ replacement: QEMUReplacement, state: [UInt8], step: Int = .max
  ) throws -> [UInt8] {
    let output = MemoryOutput<Never>()
    var state = MemoryInput<Never>(state, pieceByteCount: step)
    let rewriter = QEMURewriter(
      MemoryInput<Never>(stream, pieceByteCount: step),
      description: step == .max ? VMDescription(inTail: stream.span.raw) : nil,
      replacing: replacement, into: output)
    try rewriter.rewrite(state: &state)
    #expect(output.isFinished)
    return output.bytes
  }

  /// The stream with device `number` replaced by stop-copy state alone.
  private static func rewrite(
    _ stream: [UInt8], _ number: Int = 0, stopCopy: [UInt8]
  ) throws -> [UInt8] {
    let device = try device(number, of: stream)
    let framing = try device.framing(
      preCopy: 0, stopCopy: UInt64(stopCopy.count), carried: nil)
    return try rewrite(
      stream,
      QEMUReplacement(of: device, framing: framing, configuration: device.configuration),
      state: stopCopy)
  }

  private static func code(_ body: () throws -> Void) -> QEMUStreamError.Code? {
    do {
      try body()
      return nil
    } catch let error as QEMUTransferError<Never, Never> {
      if case .stream(let cause) = error { return cause.code }
      return nil
    } catch {
      return (error as? QEMUStreamError)?.code
    }
  }

  @Test(arguments: [0, 1], [.max, 4096, 7, 1] as [Int])
  func aDevicesOwnExtractGivesTheSameStream(number: Int, step: Int) throws {
    try expectTheSame(SampleMachine(), number, step)
  }

  @Test(arguments: [0, 1], [.max, 7] as [Int])
  func soItDoesWithoutFooters(number: Int, step: Int) throws {
    var machine = SampleMachine()
    machine.configuration = nil
    try expectTheSame(machine, number, step)
  }

  private func expectTheSame(_ machine: SampleMachine, _ number: Int, _ step: Int) throws {
    var machine = machine
    machine.second.configuration = SampleDevice.configuration(byteCount: 4096, vectors: 17)
    let stream = machine.stream + [1, 2, 3]
    let sink = try extract(stream, [number])
    let carried = carried(by: sink, 0)
    let device = try Self.device(number, of: stream)
    let framing = try device.framing(
      preCopy: device.summary.preCopyByteCount, stopCopy: device.summary.stopCopyByteCount,
      carried: carried.framing)
    let configuration = try device.configuration.replacing(
      carried.introduction.configuration, carried.introduction.interrupts, recordedAt: [:])
    let result = try Self.rewrite(
      stream, QEMUReplacement(of: device, framing: framing, configuration: configuration),
      state: sink.state(of: 0), step: step)
    #expect(result == stream)
  }

  @Test(arguments: 0..<20)
  func stateOfAnotherLengthIsDivided(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let machine = SampleMachine()
    let stream = machine.stream
    let device = try Self.device(0, of: stream)
    let preCopy = Int(random.next() % 3_000_000)
    let stopCopy = Int(random.next() % 3_000_000)
    let framing = try device.framing(
      preCopy: UInt64(preCopy), stopCopy: UInt64(stopCopy), carried: nil)
    let state = random.bytes(preCopy + stopCopy)
    let configuration = SampleDevice.configuration(
      byteCount: 4096, vectors: Int(random.next() % 100))
    let result = try Self.rewrite(
      stream, QEMUReplacement(of: device, framing: framing, configuration: configuration),
      state: state)
    let read = ReadStream(result).catalog
    #expect(read.defect == nil)
    #expect(read.sections.allSatisfy { $0.evidence != .footer })
    #expect(read.vfioDevices[0].preCopyByteCount == UInt64(preCopy))
    #expect(read.vfioDevices[0].stopCopyByteCount == UInt64(stopCopy))
    #expect(read.vfioDevices[0].configuration == configuration)
    #expect(try extract(result, [0]).state(of: 0) == state)
    #expect(try extract(result, [1]).state(of: 0) == machine.second.state)
  }

  @Test func aDeviceWithoutItsStateInTheMainChannelIsIrreplaceable() {
    var machine = SampleMachine()
    machine.first.usesMultifd = true
    #expect(Self.code { _ = try Self.device(0, of: machine.stream) } == .irreplaceable)
    #expect(Self.code { _ = try Self.device(1, of: machine.stream) } == nil)
  }

  @Test func aDeviceWithTwoConfigurationsIsIrreplaceable() {
    let device = SampleDevice(id: "vfio", section: 7)
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    device.writeStart(to: &writer)
    device.writeEnd(to: &writer)
    writer.section(.full, id: 7, name: "vfio") { content in
      content.configuration(device.configuration)
      content.configuration(device.configuration)
      content.record(.endOfState)
    }
    writer.end()
    #expect(Self.code { _ = try Self.device(0, of: writer.bytes) } == .irreplaceable)
  }

  @Test func aSizeThatChangesMustStandInTheDescriptionOnItsOwn() throws {
    let json = #"""
      {"devices": [{"name": "0000:00:01.0/vfio", "instance_id": 0, "fields": [
        {"name": "a", "size": 100}, {"name": "b", "size": SIZE}]}]}
      """#
    var machine = SampleMachine()
    let full = try #require(
      ReadStream(machine.stream).events.compactMap { event in
        if case .sectionEnd(let end) = event, end.section.kind == .full, end.section.id == 7 {
          end.byteCount
        } else {
          nil
        }
      }.first)
    let parts = json.split(separator: "SIZE")
    machine.description = parts[0] + "\(full - 100)" + parts[1]
    let stream = machine.stream
    #expect(ReadStream(stream).catalog.defect == nil)
    // The state is in other sections: the description says nothing of it.
    _ = try Self.rewrite(stream, stopCopy: [9])
    let device = try Self.device(0, of: stream)
    let framing = try device.framing(preCopy: 0, stopCopy: 1, carried: nil)
    let replacement = QEMUReplacement(
      of: device, framing: framing,
      configuration: SampleDevice.configuration(byteCount: 4096, vectors: 90))
    #expect(Self.code { _ = try Self.rewrite(stream, replacement, state: [9]) } == .mismatch)
  }

  @Test(arguments: [0, 1, 3])
  func asMuchStateIsNeededAsTheFramingHas(count: Int) throws {
    let stream = SampleMachine().stream
    let device = try Self.device(0, of: stream)
    let replacement = QEMUReplacement(
      of: device, framing: try device.framing(preCopy: 0, stopCopy: 2, carried: nil),
      configuration: device.configuration)
    let state = [UInt8](repeating: 5, count: count)
    #expect(Self.code { _ = try Self.rewrite(stream, replacement, state: state) } == .mismatch)
  }

  @Test(arguments: 0..<40)
  func aStreamCutShortIsNotFinished(cut: Int) throws {
    let stream = SampleMachine().stream
    let device = try Self.device(0, of: stream)
    let replacement = QEMUReplacement(
      of: device, framing: try device.framing(preCopy: 0, stopCopy: 1, carried: nil),
      configuration: device.configuration)
    let output = MemoryOutput<Never>()
    let end = stream.count * cut / 40
    let rewriter = QEMURewriter(
      MemoryInput<Never>(Array(stream[..<end])), description: nil, replacing: replacement,
      into: output)
    var state = MemoryInput<Never>([1])
    do {
      try rewriter.rewrite(state: &state)
      Issue.record("a stream without its end was copied")
    } catch {
      #expect(!output.isFinished)
    }
  }

  /// A sink that takes so many bytes and then fails.
  private struct FullSink: ByteSink {
    struct Full: Error {}
    var room: Int
    var name: String { "full" }

    mutating func write(_ head: RawSpan, _ body: RawSpan) throws(Full) {
      room -= head.byteCount + body.byteCount
      if room < 0 { throw Full() }
    }

    mutating func finish() throws(Full) {}
  }

  @Test(arguments: [0, 100, 5000])
  func aSinkThatFailsEndsTheCopy(room: Int) throws {
    let stream = SampleMachine().stream
    let device = try Self.device(0, of: stream)
    let rewriter = QEMURewriter(
      MemoryInput<Never>(stream), description: nil,
      replacing: QEMUReplacement(
        of: device, framing: try device.framing(preCopy: 0, stopCopy: 1, carried: nil),
        configuration: device.configuration), into: FullSink(room: room))
    var state = MemoryInput<Never>([1])
    do throws(QEMUTransferError<Never, FullSink.Full>) {
      try rewriter.rewrite(state: &state)
      Issue.record("a full sink took everything")
    } catch {
      guard case .sink = error else {
        Issue.record("another error: \(error)")
        return
      }
    }
  }
}
