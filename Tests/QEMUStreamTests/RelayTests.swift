import ByteIO
import PCIConfig
import QEMUStream
import Synchronization
import TestSupport
import Testing

/// Streams on their way from one QEMU to another.
@Suite struct RelayTests {
  /// What relays say, in order.
  final class Notes: Sendable {
    private let list = Mutex<[RelayEvent]>([])
    var all: [RelayEvent] { list.withLock { $0 } }
    func add(_ event: RelayEvent) { list.withLock { $0.append(event) } }
  }

  private static func machine(_ change: (inout SampleMachine) -> Void = { _ in }) -> [UInt8] {
    var machine = SampleMachine()
    machine.hasReturnPath = true
    machine.first.configuration.space = space()
    machine.second.configuration.space = space()
    change(&machine)
    return machine.stream
  }

  /// The byte of the sample device's space that a judge of these tests lays anew.
  static let relaid = 0x80

  static func rules(
    _ notes: Notes, isObserving: Bool = false, trustsFooters: Bool = false,
    deviceByte: UInt8? = 0
  ) throws -> RelayRules {
    var rules = RelayRules { notes.add($0) }
    rules.isObserving = isObserving
    rules.trustsFooters = trustsFooters
    guard let deviceByte else { return rules }
    let judge = try judge(deviceByte)
    rules.judge = { (_, record, machine) throws(QEMUStreamError) in
      guard let space = try? ConfigSpace(record.space) else { return nil }
      return try? judge.judge(space, machine: machine)
    }
    return rules
  }

  /// A destination with a device as the sample machine's, whose capability has `byte` at `relaid`.
  private static func judge(_ byte: UInt8) throws -> RecordJudge {
    var local = space()
    local[relaid] = byte
    var bits = [UInt8](repeating: 0, count: 256)
    bits[relaid] = 0x0f
    return RecordJudge(
      local: try ConfigSpace(local), deviceBits: bits, conditions: QEMULoadConditions())
  }

  /// A space with a capability that no table knows, all of which QEMU compares.
  static func space() -> [UInt8] {
    var space = SampleDevice.space()
    space[6] = 0x10
    space[0x34] = 0x7c
    space[0x7c] = 0x02
    return space
  }

  private static func relay(
    _ stream: [UInt8], _ rules: RelayRules, step: Int = .max
  ) -> (output: [UInt8], error: QEMUStreamError?, isFinished: Bool) {
    let output = MemoryOutput<Never>()
    do {
      try MainChannelRelay(
        MemoryInput<Never>(stream, pieceByteCount: step), output, rules: rules
      ).run()
    } catch .stream(let error) {
      return (output.bytes, error, output.isFinished)
    } catch {}
    return (output.bytes, nil, output.isFinished)
  }

  // MARK: What passes

  @Test(arguments: [.max, 4096, 61, 1] as [Int], [true, false])
  func aStreamGoesOnByteForByte(step: Int, isObserving: Bool) throws {
    let notes = Notes()
    let stream = Self.machine()
    let found = Self.relay(
      stream, try Self.rules(notes, isObserving: isObserving), step: step)
    #expect(found.error == nil)
    #expect(found.output == stream)
    #expect(found.isFinished)
    #expect(notes.all.contains(.described(isConfirmed: true)))
    #expect(notes.all.contains(.held) == !isObserving)
    #expect(notes.all.last == .ended || isObserving)
    #expect(notes.all.contains(.form(.xbzrle)))
    #expect(notes.all.contains(.form(.compression)))
    let names = notes.all.compactMap {
      if case .device(let device) = $0 { device.name } else { nil }
    }
    #expect(names == ["0000:00:01.0/vfio", "0000:00:02.0/vfio"])
  }

  @Test(arguments: [.max, 61, 1] as [Int])
  func onlyTheBytesOfTheListChange(step: Int) throws {
    let stream = Self.machine()
    var expected = stream
    var places: [Int] = []
    for start in stream.indices where stream[start...].starts(with: Self.space()) {
      places.append(start + Self.relaid)
    }
    try #require(places.count == 2)
    for place in places { expected[place] = 0x05 }
    let found = Self.relay(stream, try Self.rules(Notes(), deviceByte: 0x05), step: step)
    #expect(found.error == nil)
    #expect(found.output == expected)
    // Observed, the same stream goes on as it is.
    let observed = Self.relay(
      stream, try Self.rules(Notes(), isObserving: true, deviceByte: 0x05), step: step)
    #expect(observed.output == stream)
  }

  @Test func aRecordThatIsRefusedGoesNoFurther() throws {
    let stream = Self.machine()
    let found = Self.relay(stream, try Self.rules(Notes(), deviceByte: 0x15))
    #expect(found.error?.code == .refused)
    let start = try #require(
      stream.indices.first { stream[$0...].starts(with: Self.space()) })
    #expect(found.output.count < start)
    #expect(!found.isFinished)
    let notes = Notes()
    let observed = Self.relay(
      stream, try Self.rules(notes, isObserving: true, deviceByte: 0x15))
    #expect(observed.output == stream)
    #expect(
      notes.all.contains {
        if case .objection(let error) = $0 { error.code == .refused } else { false }
      })
  }

  /// A source that asks, before it gives more, whether all that it gave went on: a live source may
  /// wait for an answer to any of it.
  private struct Asking: ByteSource {
    typealias Failure = Never
    let stream: [UInt8]
    let ends: [Int]
    let output: MemoryOutput<Never>
    var position = 0
    var name: String { "asking" }
    var byteCount: UInt64? { nil }

    mutating func read(into span: inout MutableRawSpan) -> Int {
      #expect(output.bytes.count == position || ends.last.map { position > $0 } == true)
      let end = ends.first { $0 > position } ?? stream.count
      let count = min(end - position, span.byteCount)
      for index in 0..<count {
        span.storeBytes(of: stream[position + index], toByteOffset: index, as: UInt8.self)
      }
      position += count
      return count
    }
  }

  @Test func whileTheMachineRunsNothingIsKeptBack() throws {
    let stream = Self.machine()
    let ends = ReadStream(stream).events.compactMap { event -> Int? in
      guard case .sectionEnd(let end) = event, end.section.kind != .full else { return nil }
      return Int(end.section.bodyOffset + end.byteCount) + 5
    }
    let output = MemoryOutput<Never>()
    let source = Asking(stream: stream, ends: ends, output: output)
    try MainChannelRelay(source, output, rules: Self.rules(Notes())).run()
    #expect(output.bytes == stream)
  }

  @Test func aFooterGoesOnBeforeWhatFollowsIsKnown() throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    writer.command(1)
    writer.section(.full, id: 3, name: "early") { $0.writer.append([1, 2, 3]) }
    let ends = [writer.byteCount].map { Int($0) }
    writer.section(.start, id: 1, name: "ram") { $0.endOfRAM() }
    writer.section(.end, id: 1) { $0.endOfRAM() }
    writer.end()
    let output = MemoryOutput<Never>()
    let source = Asking(stream: writer.bytes, ends: ends, output: output)
    try MainChannelRelay(
      source, output, rules: Self.rules(Notes(), trustsFooters: true)
    ).run()
    #expect(output.bytes == writer.bytes)
  }

  // MARK: What is refused

  private static func code(
    _ change: (inout SampleMachine) -> Void, trustsFooters: Bool = false
  ) throws -> QEMUStreamError.Code? {
    relay(machine(change), try rules(Notes(), trustsFooters: trustsFooters)).error?.code
  }

  @Test func aSourceWithoutAReturnPathIsRefusedBeforeItsFirstDevice() throws {
    let stream = Self.machine { $0.hasReturnPath = false }
    let found = Self.relay(stream, try Self.rules(Notes()))
    #expect(found.error?.code == .noReturnPath)
    #expect(found.error?.found.contains("return-path") == true)
    #expect(!found.output.contains { $0 == UInt8(ascii: ":") })
    // Where nothing is judged, it is nobody's concern.
    #expect(Self.relay(stream, try Self.rules(Notes(), deviceByte: nil)).output == stream)
  }

  @Test func aStreamWithoutADescriptionWantsTrust() throws {
    #expect(try Self.code { $0.isDescribed = false } == .unconfirmed)
    #expect(try Self.code({ $0.isDescribed = false }, trustsFooters: true) == nil)
  }

  @Test func anEndBehindNoDeviceIsKeptBackToo() throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    writer.endWithoutDescription()
    let found = Self.relay(writer.bytes, try Self.rules(Notes()))
    #expect(found.error?.code == .unconfirmed)
    #expect(found.output == writer.bytes.dropLast())
  }

  @Test func aDescriptionThatSaysOtherwise() throws {
    let stream = Self.machine {
      $0.description =
        #"{"devices": [{"name": "stranger", "instance_id": 3, "#
        + #""fields": [{"name": "data", "size": 6, "type": "buffer"}]}]}"#
    }
    let found = Self.relay(stream, try Self.rules(Notes()))
    #expect(found.error?.code == .misleadingDescription)
    #expect(found.error?.expected.contains("'stranger' of 6 bytes") == true)
    #expect(found.error?.found.contains("'stranger' of 5 bytes") == true)
  }

  /// A guest's bytes in the buffer of a device, and with which error the stream is refused.
  @Test(arguments: 0..<5) func aForgedSectionNeverLetsTheEndPass(number: Int) throws {
    // The section of the device between is 5.
    let footer: [UInt8] = [0x7e, 0, 0, 0, 5]
    var section: [UInt8] = [0x04, 0, 0, 0x77, 0x77, 4] + Array("evil".utf8)
    section += [0, 0, 0, 0, 0, 0, 0, 1]
    var device: [UInt8] = [0x04, 0, 0, 0x77, 0x77, 6] + Array("a/vfio".utf8)
    device += [0, 0, 0, 0, 0, 0, 0, 1]
    let data: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xef, 0x10, 0, 4]
    let forged: [[UInt8]] = [
      // A section whose footer never comes.
      footer + section,
      // A device with more state than there is.
      footer + device + data + [0x7f] + [UInt8](repeating: 0xff, count: 7),
      // The end of the stream, with a description.
      footer + [0, 6, 0, 0, 0, 2] + Array("{}".utf8),
      // A command with the rest of the section, so that all behind it is as it was.
      footer + [8, 0, 2, 0, 5],
      // A device that begins when the machine stands still.
      footer + [0x01, 0, 0, 0x77, 0x77, 3] + Array("ram".utf8) + [0, 0, 0, 0, 0, 0, 0, 4],
    ]
    let stream = Self.machine {
      $0.stranger = forged[number]
    }
    let end = try #require(
      stream.indices.last { stream[$0...].starts(with: [0, 6] as [UInt8]) })
    for step in [Int.max, 7] {
      let found = Self.relay(stream, try Self.rules(Notes()), step: step)
      #expect(found.error != nil)
      #expect(found.output.count <= end)
      #expect(!found.isFinished)
      // Who only looks passes it on.
      let seen = Self.relay(stream, try Self.rules(Notes(), isObserving: true), step: step)
      #expect(seen.output == stream)
    }
  }

  @Test func whatAFooterEndsWhileTheMachineRunsWantsTrust() throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    writer.command(1)
    writer.section(.full, id: 3, name: "early") { $0.writer.append([1, 2, 3]) }
    writer.section(.start, id: 1, name: "ram") { $0.endOfRAM() }
    writer.section(.end, id: 1) { $0.endOfRAM() }
    writer.end()
    let stream = writer.bytes
    #expect(Self.relay(stream, try Self.rules(Notes())).error?.code == .misplaced)
    let trusted = Self.relay(stream, try Self.rules(Notes(), trustsFooters: true))
    #expect(trusted.error == nil)
    #expect(trusted.output == stream)
  }

  @Test(arguments: [(3, [0, 0]), (5, []), (7, [0, 0, 0, 0]), (10, [])] as [(UInt16, [UInt8])])
  func formsThatRunTheDestinationBeforeTheEnd(command: UInt16, data: [UInt8]) throws {
    var writer = QEMUStreamWriter(QEMUConfiguration(machine: "pc"))
    writer.command(1)
    writer.command(command, data)
    let found = Self.relay(writer.bytes, try Self.rules(Notes()))
    #expect(found.error?.code == .unsupported)
    #expect(found.output.count < writer.bytes.count)
  }

  @Test func aStreamThatCannotBeFollowedGoesOnIfNothingIsGuarded() throws {
    let stream = Array(Self.machine().prefix(300)) + [UInt8](repeating: 0xee, count: 5000)
    let notes = Notes()
    let found = Self.relay(stream, try Self.rules(notes, deviceByte: nil))
    #expect(found.output == stream)
    #expect(found.isFinished)
    #expect(notes.all.contains { if case .lost = $0 { true } else { false } })
    #expect(Self.relay(stream, try Self.rules(Notes())).error != nil)
  }

  @Test func aTailOfAnyLengthIsKeptBackInBoundedMemory() throws {
    // More device state behind the first footer than is ever kept back.
    let stream = Self.machine {
      $0.stranger = [UInt8](repeating: 3, count: 18 << 20)
    }
    let found = Self.relay(stream, try Self.rules(Notes()))
    #expect(found.error == nil)
    #expect(found.output == stream)
  }

  /// Whatever a source sends: who only looks passes it on; who guards passes on a part of it, and
  /// all of it only if its description, and nothing behind it, says that it was read right.
  @Test(arguments: seeds(200)) func damagedStreams(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var stream = Self.machine()
    for _ in 0...Int.random(in: 0..<3, using: &random) {
      let place = Int.random(in: 0..<stream.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: stream[place] = UInt8.random(in: 0...255, using: &random)
      case 1: stream.removeSubrange(place..<min(place + 9, stream.count))
      case 2:
        stream.insert(contentsOf: [0x7e, 0, 0, 0, 5, 0, 6, 0, 0, 0, 2, 0x7b, 0x7d], at: place)
      default: stream.insert(contentsOf: stream[place..<min(place + 99, stream.count)], at: 0)
      }
    }
    let seen = Self.relay(stream, try Self.rules(Notes(), isObserving: true), step: 13)
    #expect(seen.error == nil)
    #expect(seen.output == stream)
    let notes = Notes()
    let guarded = Self.relay(stream, try Self.rules(notes))
    #expect(stream.starts(with: guarded.output))
    if guarded.error == nil {
      #expect(guarded.output == stream)
      #expect(notes.all.contains(.described(isConfirmed: true)))
    } else {
      #expect(guarded.error?.code == .torn || guarded.output.count < stream.count)
      #expect(!guarded.isFinished)
    }
    let pieces = Self.relay(stream, try Self.rules(Notes()), step: 7)
    #expect(pieces.error == guarded.error)
  }

  // MARK: State that is translated

  @Test(arguments: [.max, 61, 1] as [Int])
  func stateGoesOnTranslatedBehindPreCopy(step: Int) throws {
    var rules = try Self.rules(Notes(), deviceByte: nil)
    rules.isObserving = false
    rules.device = "0000:00:02.0/vfio"
    rules.translate = { (_, state) in state.reversed() + [UInt8](repeating: 3, count: 3 << 20) }
    let stream = Self.machine()
    let found = Self.relay(stream, rules, step: step)
    #expect(found.error == nil)
    let read = ReadStream(found.output).catalog
    #expect(read.defect == nil)
    let (first, second) = (read.vfioDevices[0], read.vfioDevices[1])
    let before = ReadStream(stream).catalog.vfioDevices
    #expect(first.preCopyByteCount == before[0].preCopyByteCount)
    #expect(first.stateByteCount == before[0].stateByteCount)
    #expect(second.preCopyByteCount == 0)
    #expect(second.stopCopyByteCount == before[1].stateByteCount + (3 << 20))
    #expect(
      Array(second.statePrefix.prefix(11)) == SampleDevice(id: "", section: 0).state.reversed())
    // No record is larger than those of QEMU, and the sections are those of before.
    #expect(second.recordCounts[.data] == 4)
    #expect(second.sectionCounts == before[1].sectionCounts)
    #expect(second.recordCounts[.initialDataSent] == before[1].recordCounts[.initialDataSent])
  }

  @Test func stateThatIsNotTranslatedGoesNoFurther() throws {
    var rules = try Self.rules(Notes(), deviceByte: nil)
    rules.isObserving = false
    let stream = Self.machine()
    rules.spoolByteCount = 10
    #expect(Self.relay(stream, rules).error == nil)
    rules.translate = { (_, state) in state }
    #expect(Self.relay(stream, rules).error?.code == .limitExceeded)
    rules.spoolByteCount = 1000
    rules.translate = { (device, _) throws(QEMUStreamError) in
      throw QEMUStreamError(.refused, at: 0, section: device.name, expected: "a", found: "b")
    }
    #expect(Self.relay(stream, rules).error?.code == .refused)
    rules.isObserving = true
    let seen = Self.relay(stream, rules)
    #expect(seen.error == nil)
    #expect(seen.output == stream)
    // Any channel may have any piece of what goes over several.
    rules.isObserving = false
    #expect(Self.relay(channel: Self.channel(Self.space()), rules).error?.code == .irreplaceable)
  }
}
