import ByteIO
import MigrationStream
import QEMUStream
import TestSupport
import Testing

/// Devices taken out of a stream.
@Suite struct TransferTests {
  @Test func aDeviceComesOutWithAllThatTheStreamHas() throws {
    var machine = SampleMachine()
    machine.first.configuration = SampleDevice.configuration(vectors: 9)
    let sink = try extract(machine.stream)
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
    let sink = try extract(machine.stream, [1], chunk: chunk)
    #expect(sink.state(of: 0) == machine.second.state)
    #expect(sink.chunks.allSatisfy { $0.bytes.count <= chunk })
  }

  @Test func aCarriedFramingIsUsedOnlyWhereItFits() throws {
    let own = try framing(of: extract(SampleMachine().stream, [0]), 0)
    var machine = SampleMachine()
    machine.first.rounds = [[[1, 2, 3, 4, 5]], [[6]], []]
    let carried = try framing(of: extract(machine.stream, [0]), 0)
    func chosen(_ preCopy: UInt64, _ stopCopy: UInt64) throws -> QEMUFraming {
      try .dividing(preCopy: preCopy, stopCopy: stopCopy, carried: carried, own: own, endingAt: 0)
    }
    #expect(try chosen(6, 5) == carried)
    #expect(try chosen(6, 6) != carried)
    machine.first.rounds.append([])
    let longer = try framing(of: extract(machine.stream, [0]), 0)
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
