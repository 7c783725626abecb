import ByteIO
import MigrationStream
import QEMUStream
import TestSupport
import Testing

/// Devices taken out of a stream and put back.
@Suite struct TransferTests {
  /// The records of the devices at `numbers`, with their state put together.
  private static func extract(
    _ stream: [UInt8], _ numbers: [Int]? = nil, chunk: UInt32 = 1 << 20
  ) throws -> MemorySink {
    let catalog = ReadStream(stream).catalog
    let devices = (numbers ?? Array(catalog.vfioDevices.indices)).map {
      QEMUExtraction.Device(catalog.vfioDevices[$0])
    }
    var reader = QEMUStreamReader(MemoryInput<Never>(stream), description: catalog.description)
    var sink = MemorySink(
      limits: StreamLimits(chunkByteCount: chunk, metadataByteCount: 1 << 20))
    try QEMUExtraction(devices).write(
      reading: &reader, packets: { _, _, _ in [] }, information: StreamInformation(), to: &sink)
    return sink
  }

  @Test func aDeviceComesOutWithAllThatTheStreamHas() throws {
    var machine = SampleMachine()
    machine.first.configuration = SampleDevice.configuration(vectors: 9)
    let sink = try Self.extract(machine.stream)
    #expect(sink.state(of: 0) == machine.first.state)
    #expect(sink.state(of: 1) == machine.second.state)
    let contexts = sink.chunks.filter { $0.device == 0 }.map(\.context)
    #expect(contexts.map(\.phase) == [.preCopy, .preCopy, .preCopy, .stopCopy, .stopCopy])
    #expect(contexts[0].flags == [.lastOfIteration, .lastOfInitialData])
    #expect(contexts[1].flags == [])
    #expect(contexts[2].flags == [.lastOfIteration])
    guard case .configuration(let record, 0) = sink.records[2],
      case .interrupts(let interrupts, 0) = sink.records[3]
    else {
      Issue.record("no configuration")
      return
    }
    #expect(record.synthesized == machine.first.configuration.space)
    #expect(record.physical == nil)
    #expect(interrupts.assertedPins == 0b0101)
    #expect(interrupts.msix?.table == machine.first.configuration.msixTable)
    #expect(interrupts.msix?.control == 0x8008)
  }

  @Test(arguments: [1, 2, 3, 1 << 20] as [UInt32])
  func smallChunksLoseNothing(chunk: UInt32) throws {
    let machine = SampleMachine()
    let sink = try Self.extract(machine.stream, [1], chunk: chunk)
    #expect(sink.state(of: 0) == machine.second.state)
    #expect(sink.chunks.allSatisfy { $0.bytes.count <= chunk })
  }

  /// The stream with device `number` replaced by `state` and a configuration.
  private static func replace(
    _ stream: [UInt8], _ number: Int, framing: QEMUFraming, state: [UInt8],
    configuration: VFIOConfiguration
  ) throws -> [UInt8] {
    let read = ReadStream(stream)
    let device = read.catalog.vfioDevices[number]
    var replacement = QEMUReplacement(framing: framing, configuration: configuration)
    var result: [UInt8] = []
    var position = 0
    var stateLeft = state[...]
    var fullByteCount: UInt64 = 0
    for event in read.events {
      switch event {
      case .section(let section) where section.id == device.sectionID:
        result += stream[position..<Int(section.bodyOffset)]
        var content: [UInt8] = []
        var pieces: [[UInt8]] = []
        let count = try replacement.writeSection(
          to: { pieces.append([UInt8]($0)) },
          copyState: {
            pieces.append(Array(stateLeft.prefix(Int($0))))
            stateLeft = stateLeft.dropFirst(Int($0))
          })
        content = pieces.flatMap(\.self)
        #expect(UInt64(content.count) == count)
        if section.kind == .full { fullByteCount = count }
        result += content
      case .sectionEnd(let end) where end.section.id == device.sectionID:
        position = Int(end.section.bodyOffset + end.byteCount)
      case .description(let description):
        result += stream[position..<Int(description.sectionOffset)]
        let json = try description.resizing(
          device.id, instance: 0, to: fullByteCount,
          in: Array(stream[Int(description.offset)...].prefix(description.byteCount)))
        var head = ByteWriter()
        head.big(6 as UInt8)
        head.big(UInt32(json.count))
        result += head.bytes + json
        position = Int(description.offset) + description.byteCount
      default: break
      }
    }
    #expect(stateLeft.isEmpty)
    return result + stream[position...]
  }

  private static func framing(of sink: MemorySink, _ device: UInt16) -> QEMUFraming {
    var framing = QEMUFraming()
    for case .optional(let record) in sink.records where record.device == device {
      #expect(record.type == .qemuFraming)
      let isGood = framing.append(payload: record.payload)
      #expect(isGood)
    }
    return framing
  }

  @Test(arguments: [0, 1])
  func aDevicesOwnExtractGivesTheSameStream(number: Int) throws {
    var machine = SampleMachine()
    machine.second.configuration = SampleDevice.configuration(byteCount: 4096, vectors: 17)
    let stream = machine.stream
    let sink = try Self.extract(stream, [number])
    let device = ReadStream(stream).catalog.vfioDevices[number]
    let own = try #require(device.configuration)
    var configuration: ConfigurationRecord?
    var interrupts: InterruptState?
    for record in sink.records {
      if case .configuration(let value, _) = record { configuration = value }
      if case .interrupts(let value, _) = record { interrupts = value }
    }
    let result = try Self.replace(
      stream, number, framing: Self.framing(of: sink, 0), state: sink.state(of: 0),
      configuration: try own.replacing(configuration, interrupts, recordedAt: [:]))
    #expect(result == stream)
  }

  @Test(arguments: 0..<20)
  func stateOfAnotherLengthIsDivided(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let machine = SampleMachine()
    let stream = machine.stream
    let own = Self.framing(of: try Self.extract(stream, [0]), 0)
    let preCopy = Int(random.next() % 3_000_000)
    let stopCopy = Int(random.next() % 3_000_000)
    let framing = try QEMUFraming.dividing(
      preCopy: UInt64(preCopy), stopCopy: UInt64(stopCopy), carried: nil, own: own,
      endingAt: 0)
    let state = random.bytes(preCopy + stopCopy)
    let configuration = SampleDevice.configuration(
      byteCount: 4096, vectors: Int(random.next() % 100))
    let result = try Self.replace(
      stream, 0, framing: framing, state: state, configuration: configuration)
    let read = ReadStream(result).catalog
    #expect(read.defect == nil)
    #expect(read.sections.allSatisfy { $0.evidence != .footer })
    #expect(read.vfioDevices[0].preCopyByteCount == UInt64(preCopy))
    #expect(read.vfioDevices[0].stopCopyByteCount == UInt64(stopCopy))
    #expect(read.vfioDevices[0].configuration == configuration)
    #expect(try Self.extract(result, [0]).state(of: 0) == state)
    #expect(try Self.extract(result, [1]).state(of: 0) == machine.second.state)
  }

  @Test func aCarriedFramingIsUsedOnlyWhereItFits() throws {
    let own = Self.framing(of: try Self.extract(SampleMachine().stream, [0]), 0)
    var machine = SampleMachine()
    machine.first.rounds = [[[1, 2, 3, 4, 5]], [[6]], []]
    let carried = Self.framing(of: try Self.extract(machine.stream, [0]), 0)
    func chosen(_ preCopy: UInt64, _ stopCopy: UInt64) throws -> QEMUFraming {
      try .dividing(preCopy: preCopy, stopCopy: stopCopy, carried: carried, own: own, endingAt: 0)
    }
    #expect(try chosen(6, 5) == carried)
    #expect(try chosen(6, 6) != carried)
    machine.first.rounds.append([])
    let longer = Self.framing(of: try Self.extract(machine.stream, [0]), 0)
    #expect(
      try QEMUFraming.dividing(
        preCopy: 6, stopCopy: 5, carried: longer, own: own, endingAt: 0) == own)
    var broken = QEMUFraming()
    let isTaken = broken.append(payload: [2, 1, 99])
    #expect(isTaken)
    #expect(
      try QEMUFraming.dividing(
        preCopy: 6, stopCopy: 5, carried: broken, own: own, endingAt: 0) == own)
    // Sizes whose sum is that of the state only after it went beyond 64 bits.
    var wrapping = QEMUFraming()
    for event in [
      .section(.start), .record(.setup, byteCount: 0), .record(.data, byteCount: .max),
      .record(.data, byteCount: 7), .record(.endOfState, byteCount: 0),
    ] as [QEMUFraming.Event] {
      wrapping.append(event)
    }
    #expect(
      try QEMUFraming.dividing(
        preCopy: 6, stopCopy: 0, carried: wrapping, own: own, endingAt: 0) != wrapping)
  }

  @Test func stateWithoutASectionForItIsRefusedWhereTheSectionsEnd() throws {
    var own = QEMUFraming()
    own.append(.section(.start))
    own.append(.record(.endOfState, byteCount: 0))
    #expect {
      try QEMUFraming.dividing(preCopy: 1, stopCopy: 2, carried: nil, own: own, endingAt: 99)
    } throws: { error in
      let error = error as? QEMUStreamError
      return error?.code == .mismatch && error?.offset == 99
    }
  }

  @Test func aRecordKeepsTheLengthOfItsSpace() throws {
    let short = SampleDevice.space(byteCount: 256, vectors: 3)
    let long = SampleDevice.space(byteCount: 4096, vectors: 3)
    for own in [short, long] {
      let record = VFIOConfiguration(
        space: own, msixTable: [UInt8](repeating: 0, count: 48), msixPendingBits: [0])
      for space in [short, long] {
        let result = try record.replacing(
          ConfigurationRecord(synthesized: space), nil, recordedAt: [:])
        #expect(result == record)
      }
      var extended = long
      extended[4095] = 1
      let replacement = ConfigurationRecord(synthesized: extended)
      if own.count == 4096 {
        #expect(try record.replacing(replacement, nil, recordedAt: [:]).space == extended)
      } else {
        #expect {
          try record.replacing(replacement, nil, recordedAt: [.configurationSpace: 77])
        } throws: {
          let error = $0 as? QEMUStreamError
          return error?.code == .mismatch && error?.offset == 77
        }
      }
    }
  }

  @Test func aRecordThatQEMUCouldNotWriteIsRefused() {
    let own = SampleDevice.configuration(vectors: 3)
    // At which of the two records it is refused, or at neither.
    func refused(
      _ configuration: ConfigurationRecord?, _ interrupts: InterruptState?
    ) -> RecordType? {
      let places: [RecordType: UInt64] = [.configurationSpace: 100, .interruptState: 200]
      do throws(QEMUStreamError) {
        _ = try own.replacing(configuration, interrupts, recordedAt: places)
        return nil
      } catch {
        #expect(error.code == .mismatch)
        return places.first { $0.value == error.offset }?.key
      }
    }
    #expect(refused(nil, nil) == nil)
    #expect(refused(ConfigurationRecord(physical: [1, 2, 3]), nil) == nil)
    let four = InterruptState(
      msix: InterruptState.MSIX(
        control: 3, table: [UInt8](repeating: 0, count: 64), pendingBits: [0]))
    let spaceOfFour = ConfigurationRecord(synthesized: SampleDevice.space(vectors: 4))
    let odd = ConfigurationRecord(synthesized: [UInt8](repeating: 0, count: 255))
    #expect(refused(odd, four) == .configurationSpace)
    #expect(refused(spaceOfFour, nil) == .configurationSpace)
    #expect(refused(spaceOfFour, InterruptState(assertedPins: 1)) == .configurationSpace)
    #expect(refused(nil, four) == .interruptState)
    #expect(refused(spaceOfFour, four) == nil)
  }
}
