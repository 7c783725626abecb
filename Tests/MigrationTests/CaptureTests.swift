import ByteIO
import DeviceTestSupport
import Devices
import EmulatedDevices
import Migration
import MigrationStream
import TestSupport
import Testing

@Suite struct CaptureTests {
  private static let kinds = [
    "p2p=yes", "p2p=no", "p2p=yes&precopy=192KiB", "p2p=no&precopy=192KiB",
  ]

  /// Makes reading take time, at this many bytes a second.
  private func pace(_ device: EmulatedDevice, _ rate: Double, on clock: ManualClock) {
    device.observe = {
      if case .read(let count) = $0 { clock.advance(by: .seconds(Double(count) / rate)) }
    }
  }

  @Test(arguments: kinds)
  func aCaptureTakesTheArcsOfItsDriverAndLeavesItStopped(kind: String) throws {
    let source = try device("emulated:synthetic?size=256KiB&\(kind)")
    let box = StreamBox()
    let summary = try capture([source], into: box)
    let arcs: [String: String] = [
      "p2p=yes": "RUNNING_P2P STOP STOP_COPY STOP",
      "p2p=no": "STOP STOP_COPY STOP",
      "p2p=yes&precopy=192KiB": "PRE_COPY PRE_COPY_P2P STOP_COPY STOP",
      "p2p=no&precopy=192KiB": "PRE_COPY STOP_COPY STOP",
    ]
    #expect(source.arcs.map { "\($0.to)" }.joined(separator: " ") == arcs[kind])
    #expect(summary.devices.map(\.outcome) == [.stopped])
    #expect(box.isFinished)
    let decoded = try DecodedStream(box.bytes)
    #expect(decoded.isContentComplete)
    #expect(decoded.states[0]?.count == 32 + 4 * (16 + 65_536))
    #expect(summary.byteCount == UInt64(decoded.states[0]?.count ?? 0))
  }

  @Test(arguments: kinds)
  func resumingRunsTheSourceAgain(kind: String) throws {
    let source = try device("emulated:synthetic?size=256KiB&\(kind)")
    var options = CaptureOptions()
    options.resumes = true
    let summary = try capture([source], options: options)
    #expect(source.now == .running)
    #expect(summary.devices.map(\.outcome) == [.runningAsBefore])
  }

  @Test func metadataComesFirst() throws {
    let box = StreamBox()
    let source = try device("emulated:mtty?ports=2&text=hello")
    _ = try capture([source], into: box)
    let records = try DecodedStream(box.bytes).records
    guard case .identity(let identity, _) = records[1],
      case .configuration(let space, _) = records[2], case .chunk = records[3]
    else { return #expect(Bool(false), "\(records)") }
    #expect(identity.driver == "mtty" && identity.migrationFlags == 7)
    #expect(identity.stopCopyByteCount == 96 && identity.regions.count == 9)
    #expect(space.physical == source.serial?.configuration)
    #expect(try DecodedStream(box.bytes).states[0] == Corpus.bytes("mtty/mtty2-5.state"))
    #expect(
      box.chunks == [
        .init(phase: .preCopy, flags: [.initialData, .lastOfInitialData, .lastOfIteration]),
        .init(phase: .stopCopy),
      ])
  }

  @Test func bindingsComeBehindTheSpaceOfADeviceThatCanHaveThem() throws {
    let table = PASIDTable(domains: [.init(id: 0)], bindings: [.init(pasid: 3, domain: 0)])
    let box = StreamBox()
    _ = try capture([try device("emulated:synthetic?size=64KiB")], into: box) {
      $0.sources[0].pasids = table
    }
    guard case .pasids(table, device: 0) = try DecodedStream(box.bytes).records[3] else {
      return #expect(Bool(false))
    }
    let error = #expect(throws: CaptureError<SinkFull>.self) {
      try capture([try device("emulated:mtty")]) { $0.sources[0].pasids = table }
    }
    guard case .refused(.bindings(_, let report)) = error?.cause else {
      return #expect(Bool(false))
    }
    #expect(report.findings.map(\.subject) == ["PASID bindings"])
  }

  @Test func preCopyEndsWhenTheRestFitsTheLimit() throws {
    let clock = ManualClock()
    let source = try device("emulated:synthetic?size=9MiB&precopy=8MiB&dirty=25%")
    pace(source, 10e6, on: clock)
    var options = CaptureOptions()
    options.downtimeLimit = .milliseconds(130)
    let box = StreamBox()
    let summary = try capture([source], options: options, clock: clock, into: box)
    #expect(summary.stopReason == .converged)
    // 1 MiB cannot be read before the stop; with that and what is dirty each round is at most
    // a quarter of the one before.
    let rounds = summary.iterations.map(\.byteCount)
    #expect(rounds.count == 3 && rounds[0] >> 16 == 128)
    #expect(zip(rounds, rounds.dropFirst()).allSatisfy { $1 * 7 / 2 < $0 })
    let expected = summary.iterations.map { $0.expectedDowntime ?? .zero }
    #expect(expected == expected.sorted(by: >))
    #expect(expected.dropLast().allSatisfy { $0 > .milliseconds(130) })
    #expect(summary.downtime <= .milliseconds(130) && summary.downtime > .milliseconds(100))
    #expect(summary.devices[0].timeInStates[.preCopy] ?? .zero > .seconds(1))
    // Every round says which chunk is its last.
    #expect(
      box.chunks.filter { $0.flags.contains(.lastOfIteration) }.map(\.iteration) == [0, 1, 2])
    #expect(box.chunks.filter { $0.flags.contains(.lastOfInitialData) }.count == 1)
    #expect(box.chunkSizes.dropLast(1).filter { $0 == 65_536 }.count > 150)
  }

  /// Writes cost nothing until they are waited for, as where a socket's memory takes them.
  @Test func aRoundLastsUntilItsBytesAreWhereTheyGo() throws {
    let clock = ManualClock()
    let rate = 10e6
    var options = CaptureOptions()
    options.downtimeLimit = .milliseconds(130)
    let box = StreamBox()
    var flushed = 0
    box.onFlush = { () throws(SinkFull) in
      clock.advance(by: .seconds(Double(box.bytes.count - flushed) / rate))
      flushed = box.bytes.count
    }
    let summary = try capture(
      [try device("emulated:synthetic?size=9MiB&precopy=8MiB&dirty=25%")], options: options,
      clock: clock, into: box)
    #expect(summary.stopReason == .converged && summary.iterations.count == 3)
    for round in summary.iterations {
      let seconds = round.duration / .seconds(1)
      #expect(abs(Double(round.byteCount) / seconds / rate - 1) < 0.01)
    }
    // All that is stopped for is what was read since: nothing else waits before it.
    let left = box.bytes.count - flushed
    #expect(UInt64(left) < summary.devices[0].stopCopyByteCount + 65_536)
  }

  @Test func aFlushThatFailsIsTheSinksFailure() throws {
    let box = StreamBox()
    box.onFlush = { () throws(SinkFull) in throw SinkFull() }
    let error = #expect(throws: CaptureError<SinkFull>.self) {
      _ = try capture([try device("emulated:synthetic?size=1MiB&precopy=1MiB")], into: box)
    }
    guard case .sink? = error?.cause else {
      Issue.record("expected the sink's failure, found \(String(describing: error))")
      return
    }
  }

  @Test func aDeviceThatNeverSettlesIsStoppedByTheCaps() throws {
    let clock = ManualClock()
    var options = CaptureOptions()
    options.downtimeLimit = .milliseconds(1)
    options.iterationLimit = 5
    let first = try device("emulated:synthetic?size=4MiB&precopy=4MiB&dirty=150%")
    pace(first, 1e6, on: clock)
    let byCount = try capture([first], options: options, clock: clock)
    #expect(byCount.stopReason == .iterationLimit && byCount.iterations.count == 5)

    options.iterationLimit = 1000
    options.preCopyTimeLimit = .seconds(20)
    let second = try device("emulated:synthetic?size=4MiB&precopy=4MiB&dirty=150%")
    pace(second, 1e6, on: clock)
    let byTime = try capture([second], options: options, clock: clock)
    #expect(byTime.stopReason == .timeLimit)
    #expect(byTime.iterations.dropLast().reduce(.zero) { $0 + $1.duration } < .seconds(20))
    #expect(byTime.iterations.reduce(.zero) { $0 + $1.duration } >= .seconds(20))
  }

  @Test(arguments: ["idle=ENOMSG", "idle=0"])
  func nothingNowIsNoEnd(idle: String) throws {
    let source = try device("emulated:synthetic?size=512KiB&precopy=256KiB&dirty=30%&\(idle)")
    let target = try device("emulated:synthetic?size=512KiB&seed=9")
    let box = StreamBox()
    let summary = try capture([source], into: box)
    #expect(summary.stopReason == .converged)
    _ = try replay(box.bytes, onto: [target])
    #expect(target.content == source.content)
  }

  @Test(arguments: [1, 3])
  func newInitialDataStartOver(count: Int) throws {
    let clock = ManualClock()
    let uri = "emulated:synthetic?size=512KiB&precopy=256KiB&reinit=\(count)"
    let source = try device(uri + "&dirty=20%")
    pace(source, 1e6, on: clock)
    var options = CaptureOptions()
    options.downtimeLimit = .zero
    options.iterationLimit = 12
    let box = StreamBox()
    let summary = try capture([source], options: options, clock: clock, into: box)
    #expect(summary.iterations.filter(\.isReinitialized).count == count)
    #expect(box.chunks.filter { $0.flags.contains(.reinitialized) }.count == count)
    #expect(box.chunks.filter { $0.flags.contains(.lastOfInitialData) }.count == count + 1)
    let target = try device("emulated:synthetic?size=512KiB")
    _ = try replay(box.bytes, onto: [target])
    #expect(target.content == source.content)
  }

  @Test func bandwidthIsKeptTo() throws {
    let clock = ManualClock()
    var options = CaptureOptions()
    options.bandwidth = 1 << 20
    let source = try device("emulated:synthetic?size=4MiB&precopy=4MiB")
    let summary = try capture([source], options: options, clock: clock)
    #expect(summary.duration >= .seconds(4) && summary.duration < .milliseconds(4100))
  }

  @Test func withoutPreCopyNothingIsReadFromARunningDevice() throws {
    let source = try device("emulated:synthetic?size=256KiB&precopy=256KiB")
    var options = CaptureOptions()
    options.usesPreCopy = false
    let box = StreamBox()
    let summary = try capture([source], options: options, into: box)
    #expect(summary.stopReason == .noPreCopy && summary.devices[0].preCopyByteCount == 0)
    #expect(box.chunks.allSatisfy { $0.phase == .stopCopy })
  }

  @Test func allAreQuietBeforeAnyStops() throws {
    let devices = try [
      "emulated:synthetic?size=256KiB&precopy=128KiB", "emulated:mtty?ports=1",
      "emulated:synthetic?size=64KiB",
    ].map(device)
    var order: [MigrationState] = []
    for device in devices {
      device.observe = { if case .arc(let arc) = $0 { order.append(arc.to) } }
    }
    let box = StreamBox()
    let summary = try capture(devices, into: box)
    let quiet: Set<MigrationState> = [.preCopyP2P, .runningP2P]
    let lastQuiet = try #require(order.lastIndex { quiet.contains($0) })
    let firstStop = try #require(order.firstIndex { [.stop, .stopCopy].contains($0) })
    #expect(lastQuiet < firstStop)
    #expect(summary.devices.count == 3)
    #expect(try DecodedStream(box.bytes).states.count == 3)
    let targets = try [
      "emulated:synthetic?size=256KiB&seed=4", "emulated:mtty?ports=1&text=x",
      "emulated:synthetic?size=64KiB&seed=7",
    ].map(device)
    _ = try replay(box.bytes, onto: targets)
    #expect(targets.map(\.content) == devices.map(\.content))
  }

  @Test func severalWithoutP2PAreRefusedUnlessAllowed() throws {
    let devices = try ["emulated:mtty", "emulated:synthetic?size=64KiB&p2p=no"].map(device)
    #expect {
      try capture(devices)
    } throws: { error in
      guard let error = error as? CaptureError<SinkFull>, case .refused(let refusal) = error.cause
      else { return false }
      return error.outcomes.isEmpty
        && refusal == .noPeerToPeer(device: devices[1].name, found: .stopCopy)
    }
    #expect(devices.allSatisfy { $0.arcs.isEmpty })
    var options = CaptureOptions()
    options.allowsMissingP2P = true
    #expect(try capture(devices, options: options).devices.count == 2)
  }

  @Test func aDriverThatCannotMigrateIsRefused() throws {
    let source = try device("emulated:synthetic?size=64KiB&migration=no")
    #expect {
      try capture([source])
    } throws: { error in
      guard let error = error as? CaptureError<SinkFull>, case .refused(let refusal) = error.cause
      else { return false }
      return refusal == .noMigration(device: source.name)
    }
    #expect(source.arcs.isEmpty)
  }

  @Test(arguments: [MigrationState.stop, .stopCopy, .resuming, .preCopy, .runningP2P])
  func whatAnotherLeftIsResetFirst(state: MigrationState) throws {
    let source = try device("emulated:mtty?ports=2&text=hello")
    _ = try source.transition(to: state)
    source.abandon()
    let summary = try capture([source])
    #expect(source.resetCount == 1 && summary.devices[0].wasReset)
  }

  @Test(arguments: seeds(16))
  func whatIsCapturedIsWhatTheTargetHolds(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let size = Int.random(in: 1...900_000, using: &random)
    let preCopy = Int.random(in: 0...size, using: &random)
    let dirty = Int.random(in: 0...120, using: &random)
    let step = Int.random(in: 1000...100_000, using: &random)
    let source = try device(
      "emulated:synthetic?size=\(size)&precopy=\(preCopy)&dirty=\(dirty)%&seed=\(seed)&step=\(step)"
    )
    let clock = ManualClock()
    pace(source, 1e7, on: clock)
    var options = CaptureOptions()
    options.downtimeLimit = .milliseconds(5)
    options.iterationLimit = 4
    let box = StreamBox()
    _ = try capture([source], options: options, clock: clock, into: box)
    let target = try device(
      "emulated:synthetic?size=\(size)&seed=77&step=\(Int.random(in: 900...90_000, using: &random))"
    )
    _ = try replay(box.bytes, onto: [target])
    #expect(target.content == source.content)
    #expect(target.now == .running)
  }

  /// What drivers say of sizes is added, compared and divided, and may be anything.
  @Test func numbersOfADriverThatAreTooLargeAreTakenAsTheLargest() throws {
    let clock = ManualClock()
    let devices = try ["precopy=64KiB", "precopy=128KiB"].map { kind in
      EmulatedDevice(
        "boastful",
        model: BoastfulModel(try device("emulated:synthetic?size=256KiB&\(kind)").model))
    }
    for device in devices { pace(device, 1e-6, on: clock) }
    var options = CaptureOptions()
    options.iterationLimit = 3
    options.preCopyTimeLimit = .seconds(1e15)
    let box = StreamBox()
    let summary = try capture(devices, options: options, clock: clock, into: box)
    #expect(summary.iterations.count == 3 && summary.stopReason == .iterationLimit)
    #expect(summary.iterations.allSatisfy { $0.remainingByteCount == .max })
    #expect(summary.iterations.allSatisfy { $0.expectedDowntime == .seconds(1e9) })
    #expect(box.isFinished && devices.allSatisfy { $0.now == .stop })

    let targets = try (0..<2).map { _ in try device("emulated:synthetic?size=256KiB") }
    var expected: Set<UInt64?> = []
    let replayed = try replay(box.bytes, onto: targets) {
      $0.progress = { if $0.phase == .writing { expected.insert($0.expectedByteCount) } }
    }
    #expect(expected == [.max] && replayed.byteCount == summary.byteCount)
  }

  @Test func whatIsLeftOfARoundShrinksAsItIsRead() throws {
    let source = try device("emulated:synthetic?size=8MiB&precopy=8MiB")
    var seen: [CaptureProgress] = []
    let summary = try capture([source]) { $0.progress = { seen.append($0) } }
    let round = seen.filter { $0.iteration == 0 }
    let whole = try #require(summary.iterations.first).byteCount
    #expect(round.count > 8)
    #expect(
      zip(round, round.dropFirst()).allSatisfy {
        ($0.remainingByteCount ?? 0) >= ($1.remainingByteCount ?? .max)
      })
    #expect(round.allSatisfy { ($0.remainingByteCount ?? 0) + $0.byteCount >= whole })
    let first = try #require(round.first)
    let last = try #require(round.last)
    #expect(
      (first.remainingByteCount ?? 0) - (last.remainingByteCount ?? 0)
        == last.byteCount - first.byteCount)
  }
}
