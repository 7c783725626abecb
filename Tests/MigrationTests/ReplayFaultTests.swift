import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import TestSupport
import Testing

/// A replay that fails, at every place where it can: up to the arc into RESUMING the target keeps
/// what it had, and from there on it is fresh.
@Suite struct ReplayFaultTests {
  /// A source, and a target that can take it and holds something else.
  static let pairs = [
    ["emulated:mtty?ports=2&text=hello", "emulated:mtty?ports=2&text=other"],
    ["emulated:synthetic?size=256KiB&p2p=no", "emulated:synthetic?size=256KiB&p2p=no&seed=5"],
    [
      "emulated:synthetic?size=256KiB&precopy=128KiB",
      "emulated:synthetic?size=256KiB&precopy=128KiB&seed=5",
    ],
  ]

  private func failure(
    _ bytes: [UInt8], onto devices: [EmulatedDevice],
    configure: (inout ReplayEngine) -> Void = { _ in }
  ) throws -> ReplayError<StreamError>? {
    do {
      _ = try replay(bytes, onto: devices, configure: configure)
      return nil
    } catch let error as ReplayError<StreamError> {
      return error
    }
  }

  @Test(arguments: pairs, [false, true])
  func everyArc(pair: [String], entersError: Bool) throws {
    let bytes = try stream(of: pair[0])
    let clean = try device(pair[1])
    _ = try replay(bytes, onto: [clean])
    let resuming = try #require(clean.arcs.firstIndex(of: MigrationArc(.stop, .resuming)))
    for (index, arc) in clean.arcs.enumerated() {
      let target = try device(pair[1])
      let before = target.content
      target.faults = FaultPlan([.init(at: .arc(arc), .inputOutput, entersError: entersError)])
      let error = try #require(try failure(bytes, onto: [target]))
      guard case .device(let cause, number: 0) = error.cause else {
        return #expect(Bool(false), "\(error.cause)")
      }
      #expect(cause == DeviceError(.transition(arc), .inputOutput))
      #expect(target.now == .running)
      let keeps = index <= resuming && !entersError
      #expect(error.outcomes == [0: keeps ? .runningAsBefore : .reset], "\(arc)")
      #expect(target.resetCount == (keeps ? 0 : 1))
      // What the driver took is gone with the reset only where it was not taken yet.
      if index <= resuming + 1 { #expect(target.content == before) }
    }
  }

  @Test(arguments: pairs)
  func manyBytes(pair: [String]) throws {
    let bytes = try stream(of: pair[0])
    let total = UInt64(try #require(try DecodedStream(bytes).states[0]?.count))
    for step in 0..<40 {
      let offset = total < 100 ? UInt64(step) * total / 40 : (total - 1) * UInt64(step) / 39
      let target = try device(pair[1])
      let before = target.content
      target.faults = FaultPlan([
        .init(at: .byte(offset), LinuxErrno(rawValue: 28), entersError: step % 3 == 0)
      ])
      let error = try #require(try failure(bytes, onto: [target]))
      guard case .device(let cause, number: 0) = error.cause else { return #expect(Bool(false)) }
      #expect(cause == DeviceError(.writeData(at: offset), LinuxErrno(rawValue: 28)))
      let place = try #require(error.place)
      #expect(place.stateOffset == offset)
      // The record that the byte is in.
      let record = try #require(
        try DecodedStream(bytes).records.enumerated().first { entry in
          guard case .chunk(let chunk) = entry.element else { return false }
          return chunk.stateOffset + UInt64(chunk.byteCount) > offset
        })
      #expect(place.record == UInt32(record.offset))
      #expect(error.outcomes == [0: .reset] && target.now == .running && target.resetCount == 1)
      #expect(target.content == before)
    }
  }

  @Test func everyCutOfAStream() throws {
    let bytes = try stream(of: Self.pairs[0][0])
    for cut in 0..<bytes.count {
      let target = try device(Self.pairs[0][1])
      let before = target.content
      let error = try #require(try failure(Array(bytes[..<cut]), onto: [target]))
      guard case .source(let cause) = error.cause else {
        return #expect(Bool(false), "\(error.cause)")
      }
      #expect(cause.code == .torn || cause.code == .notAStream)
      #expect(target.now == .running && target.content == before)
      #expect(error.outcomes.isEmpty && target.arcs.isEmpty && target.resetCount == 0, "\(cut)")
    }
  }

  /// Of a state that is too large to be kept the beginning is written before the end has come.
  @Test(arguments: [(1 << 20, false), (7 << 20, false), (8_900_000, true), (-10, true)])
  func cutsOfALargeState(cut: Int, isLost: Bool) throws {
    let name = "emulated:synthetic?size=9MiB&seed=3"
    let bytes = try stream(of: name)
    try #require(bytes.count > 9 << 20)
    let target = try device(name)
    let part = cut < 0 ? bytes.dropLast(-cut) : bytes.prefix(cut)
    let error = try #require(try failure(Array(part), onto: [target]))
    guard case .source(let cause) = error.cause else {
      return #expect(Bool(false), "\(error.cause)")
    }
    #expect(cause.code == .torn && target.now == .running)
    #expect(error.outcomes == (isLost ? [0: .reset] : [:]))
    #expect(target.resetCount == (isLost ? 1 : 0) && target.arcs.isEmpty == !isLost)
  }

  /// What nobody judged is refused before the target is touched, if it must be judged.
  @Test(arguments: [1, 9]) func strictTakesNoStateUnjudged(mebibytes: Int) throws {
    let name = "emulated:synthetic?size=\(mebibytes)MiB&seed=3"
    let target = try device(name)
    let error = try #require(
      try failure(try stream(of: name), onto: [target]) { $0.options.isStrict = true })
    guard case .incompatible(let report) = error.cause else {
      return #expect(Bool(false), "\(error.cause)")
    }
    #expect(report.verdict == .unchecked)
    #expect(error.outcomes.isEmpty && target.arcs.isEmpty)
  }

  @Test func everyDamagedByteOfAStream() throws {
    let bytes = try stream(of: Self.pairs[0][0])
    for place in 0..<bytes.count {
      var damaged = bytes
      damaged[place] ^= 0x20
      let target = try device(Self.pairs[0][1])
      let before = target.content
      let error = try #require(try failure(damaged, onto: [target]), "byte \(place)")
      guard case .source = error.cause else { return #expect(Bool(false), "\(error.cause)") }
      #expect(target.now == .running && target.content == before)
      #expect(error.outcomes.isEmpty && target.arcs.isEmpty, "byte \(place)")
    }
  }

  @Test(arguments: pairs)
  func cancellingAtEveryMoment(pair: [String]) throws {
    let bytes = try stream(of: pair[0])
    for moment in 1...200 {
      var asked = 0
      let target = try device(pair[1])
      let error = try failure(bytes, onto: [target]) { engine in
        engine.isCancelled = {
          asked += 1
          return asked >= moment
        }
      }
      guard let error else {
        #expect(moment > 5)
        return
      }
      guard case .cancelled = error.cause else { return #expect(Bool(false)) }
      #expect(target.now == .running)
      let wasResuming = target.arcs.contains(MigrationArc(.stop, .resuming))
      // Nothing need be said of a target of which nothing was asked yet.
      if !target.arcs.isEmpty || !error.outcomes.isEmpty {
        #expect(error.outcomes == [0: wasResuming ? .reset : .runningAsBefore])
      }
      #expect(target.resetCount == (wasResuming ? 1 : 0))
    }
  }

  @Test(arguments: 1...40)
  func partialWritesArriveWhole(step: Int) throws {
    let target = try device("emulated:synthetic?size=70000&seed=3&step=\(step * 257)")
    let source = try device("emulated:synthetic?size=70000")
    let box = StreamBox()
    _ = try capture([source], into: box)
    _ = try replay(box.bytes, onto: [target])
    #expect(target.content == source.content)
  }

  @Test func shortAndLongAndForeignStates() throws {
    let state = try Corpus.bytes("mtty/mtty1-3.state")
    // Too many ports are against the target's facts, and refused whatever is allowed.
    let cases: [([UInt8], DeviceError?)] = [
      (Array(state.dropLast()), DeviceError(.transition(MigrationArc(.resuming, .stop)), .invalid)),
      (state + [0], DeviceError(.writeData(at: 0), .outOfMemory)),
      (try Corpus.bytes("mtty/mtty2-5.state"), nil),
      ([0] + state.dropFirst(), DeviceError(.writeData(at: 0), .fault)),
    ]
    for (bytes, expected) in cases {
      var builder = StreamBuilder()
      builder.pieces = [.init(device: 0, context: .init(phase: .stopCopy), bytes: bytes)]
      let target = try device("emulated:mtty?text=old")
      let before = target.content
      let stream = try builder.encoded()
      let judged = try failure(stream, onto: [target])?.outcomes
      #expect(judged == [:] && target.content == before)
      #expect(target.arcs.isEmpty && target.resetCount == 0)
      // Without the judgement the driver is what is left.
      let error = try #require(
        try failure(stream, onto: [target]) { $0.options.allowsUnsoundState = true })
      switch error.cause {
      case .device(let cause, number: 0):
        #expect(cause == expected && error.outcomes == [0: .reset])
      case .incompatible:
        #expect(expected == nil && error.outcomes.isEmpty)
      default: Issue.record("\(error.cause)")
      }
      #expect(target.now == .running && target.content == before)
    }
  }

  @Test func aResetThatFailsIsSaid() throws {
    let bytes = try stream(of: Self.pairs[0][0])
    let target = try device(Self.pairs[0][1] + "&fail=30:EIO&fail=reset:ENODEV")
    let error = try #require(try failure(bytes, onto: [target]))
    #expect(error.outcomes == [0: .unusable(.resuming, DeviceError(.reset, .noDevice))])
  }

  @Test func oneOfSeveralFailsAndNoneRunsWithHalf() throws {
    let sources = (0..<3).map { "emulated:synthetic?size=128KiB&seed=\($0)" }
    let bytes = try stream(of: sources[0], sources[1], sources[2])
    let cases: [(Int, MigrationArc, [DeviceOutcome])] = [
      (
        1, MigrationArc(.running, .runningP2P),
        [.runningAsBefore, .runningAsBefore, .runningAsBefore]
      ),
      (1, MigrationArc(.stop, .resuming), [.reset, .runningAsBefore, .runningAsBefore]),
      (2, MigrationArc(.resuming, .stop), [.reset, .reset, .reset]),
      (2, MigrationArc(.runningP2P, .running), [.reset, .reset, .reset]),
    ]
    for (failing, arc, outcomes) in cases {
      let targets = try (0..<3).map { _ in try device("emulated:synthetic?size=128KiB&seed=50") }
      targets[failing].faults = FaultPlan([.init(at: .arc(arc), .busy)])
      // On the way back it is in the way as well, once.
      let error = try #require(try failure(bytes, onto: targets))
      for (number, outcome) in outcomes.enumerated() {
        #expect(error.outcomes[UInt16(number)] == outcome, "\(arc) of \(failing): \(number)")
      }
      #expect(targets.allSatisfy { $0.now == .running })
    }
  }
}
