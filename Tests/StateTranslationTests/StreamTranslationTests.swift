import ByteIO
import DeviceTestSupport
import Devices
import EmulatedDevices
import MigrationStream
import StateLayout
import StateTranslation
import TestSupport
import Testing

/// Streams of which one device is translated.
@Suite struct StreamTranslationTests {
  private static let information = StreamInformation(producer: "translator")

  /// Three serial devices of one port, with all that a stream can say of a device; state comes in
  /// turns.
  private func stream() throws -> (builder: StreamBuilder, state: [UInt8]) {
    let state = try device("emulated:mtty?ports=1&text=hello").stopCopied()
    var builder = StreamBuilder()
    builder.information = StreamInformation(producer: "source")
    var known = StreamBuilder.Device()
    known.identity = DeviceIdentity(name: "serial", driver: "mtty")
    known.identity.migrationFlags = 7
    known.configuration = ConfigurationRecord(physical: [1, 2, 3])
    known.interrupts = InterruptState(assertedPins: 1)
    known.pasids = PASIDTable(domains: [.init(id: 1)], bindings: [.init(pasid: 5, domain: 1)])
    builder.devices = [known, known, known]
    for device in [nil, 0, 1, 2] as [UInt16?] {
      for type in [10, 42, 200] as [UInt8] {
        builder.unknown.append(
          OptionalRecord(
            type: RecordType(rawValue: type), device: device, payload: [type, 1, 2]))
      }
    }
    for (phase, part) in [(StateChunk.Phase.preCopy, 0..<24), (.stopCopy, 24..<state.count)] {
      for device in 0..<3 as Range<UInt16> {
        builder.pieces.append(
          StreamBuilder.Piece(
            device: device, context: .init(phase: phase), bytes: [UInt8](state[part])))
      }
    }
    return (builder, state)
  }

  private static func full(_: some Error) -> SinkFull { SinkFull() }

  private func translated(
    _ number: UInt16, _ builder: StreamBuilder, _ state: [UInt8], target: DeviceFacts
  ) throws -> TranslatedDevice<StateBytes> {
    let known = builder.devices[Int(number)]
    var translator = Translator(for: target)
    translator.allowed = [.port]
    return try TranslatedDevice(
      DeviceIntroduction(
        number: number, identity: known.identity, configuration: known.configuration),
      state: StateBytes(state), from: nil, to: try #require(Layout.named("mtty")),
      by: translator, records: RecordTranslation(for: target))
  }

  @Test(arguments: 0..<3 as Range<UInt16>)
  func allButTheTranslatedDeviceGoesOnAsItWas(number: UInt16) throws {
    let (builder, state) = try stream()
    let target = try device("emulated:mtty?ports=2")
    let device = try translated(number, builder, state, target: target.model.facts)
    let box = StreamBox()
    var source = MemorySource(try builder.encoded())
    var translation = StreamTranslation(
      [device], information: Self.information, into: try MemorySink(box),
      stateFailure: Self.full)
    try source.copy(into: &translation)
    try translation.finish()

    let result = try DecodedStream(box.bytes)
    for other in 0..<3 as Range<UInt16> where other != number {
      #expect(result.states[other] == state)
    }
    let expected = try #require(device.outcome.state).bytes(from: StateBytes(state))
    #expect(result.states[number] == expected && expected != state)
    var introductions: [Record] = [.information(Self.information)]
    for (other, known) in zip((0 as UInt16)..., builder.devices) {
      var identity = known.identity
      if other == number { identity.migrationFlags = nil }
      introductions += [
        .identity(identity, device: other),
        .configuration(try #require(known.configuration), device: other),
        .interrupts(try #require(known.interrupts), device: other),
        .pasids(try #require(known.pasids), device: other),
      ]
    }
    // How QEMU divided the state that was there before says nothing of the new one.
    let optional = builder.unknown.filter { $0.type != .qemuFraming || $0.device != number }
    let kept = result.records.filter { record in
      switch record {
      case .chunk, .summary, .end, .index: false
      default: true
      }
    }
    #expect(kept == introductions + optional.map { .optional($0) })
    for case .chunk(let chunk) in result.records where chunk.device == number {
      #expect(chunk.context == StateChunk.Context(phase: .stopCopy))
    }
  }

  @Test func aRefusedDeviceSaysWhyAndHasNoState() throws {
    let (builder, state) = try stream()
    var facts = DeviceFacts()
    facts.layouts = ["virtio"]
    let device = try translated(0, builder, state, target: facts)
    #expect(!device.outcome.report.isAccepted && device.outcome.state == nil)
    // It is not on its way anywhere.
    #expect(device.introduction.identity == builder.devices[0].identity)
  }

  @Test func aStateThatNothingTellsTheLayoutOfIsNotTranslated() throws {
    var (builder, _) = try stream()
    builder.devices[0].identity.driver = nil
    #expect(throws: TranslationError<Never>.self) {
      _ = try translated(0, builder, [0xff, 0xfe], target: DeviceFacts())
    }
  }
}
