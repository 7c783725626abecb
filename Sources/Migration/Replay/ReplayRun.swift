import ByteIO
import Devices
import MigrationStream
import StateLayout
import StateTranslation

/// A replay under way.
struct ReplayRun<SourceFailure: Error>: EngineRun {
  typealias Failure = ReplayError<SourceFailure>.Cause

  let engine: ReplayEngine
  private var introduction = StreamIntroduction()
  // The first record behind the introductions.
  private var pending: Record?
  private(set) var lanes: [ReplayLane] = []
  private var compatibility = CompatibilityReport()
  private var kept = KeptStates()
  private var judgements: [UInt16: StateJudgement] = [:]
  // The facts of the targets, as they were before anything was touched.
  private var facts: [UInt16: DeviceFacts] = [:]
  private var place: ReplayError<SourceFailure>.Place?
  private let start: Duration
  private var stopStart: Duration?

  init(_ engine: ReplayEngine) {
    self.engine = engine
    start = engine.clock.now
  }

  var introductions: [DeviceIntroduction] { introduction.devices }
  var isCancelled: () -> Bool { engine.isCancelled }

  func tell(_ phase: ReplayProgress.Phase, _ byteCount: UInt64) {
    let expected = introductions.compactMap(\.identity.stopCopyByteCount).reduce(0 as UInt64) {
      $0.addingSaturating($1)
    }
    engine.progress(
      ReplayProgress(
        phase: phase, byteCount: byteCount, expectedByteCount: expected > 0 ? expected : nil))
  }

  // MARK: The stream

  private mutating func next<Source: VerifyingRecordSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure) -> Record? where Source.Failure == SourceFailure {
    let record: Record?
    do throws(SourceFailure) {
      record = try source.next()
    } catch {
      throw .source(error)
    }
    if record != nil {
      place = ReplayError.Place(record: source.recordNumber, recordOffset: source.recordOffset)
    }
    return record
  }

  mutating func readIntroductions<Source: VerifyingRecordSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure) where Source.Failure == SourceFailure {
    repeat {
      pending = try next(from: &source)
    } while pending.map { introduction.add($0) } ?? false
  }

  /// Reads to the footer without giving state to anybody.
  mutating func verify<Source: VerifyingRecordSource & ~Copyable>(
    _ source: inout Source
  ) throws(Failure) where Source.Failure == SourceFailure {
    var byteCount: UInt64 = 0
    try readState(from: &source) { (run, chunk, bytes) throws(Failure) in
      run.keep(bytes, of: chunk.device)
      byteCount += UInt64(bytes.byteCount)
      run.tell(.verifying, byteCount)
    }
  }

  /// Gives every chunk to `take`, and holds the stream against its digests, its end and its footer.
  private mutating func readState<Source: VerifyingRecordSource & ~Copyable>(
    from source: inout Source,
    _ take: (inout ReplayRun, StateChunk, RawSpan) throws(Failure) -> Void
  ) throws(Failure) where Source.Failure == SourceFailure {
    var record = pending
    while let current = record {
      try checkCancellation()
      if case .chunk(let chunk) = current {
        place?.stateOffset = chunk.stateOffset
        let bytes: RawSpan
        do throws(SourceFailure) {
          bytes = try source.chunkBytes()
        } catch {
          throw .source(error)
        }
        try take(&self, chunk, bytes)
      }
      record = try next(from: &source)
    }
    for device in introductions where !source.isVerified(device: device.number) {
      throw .unverified(device.number)
    }
  }

  /// Throws unless the targets can take the stream; nothing was touched then.
  mutating func check() throws(Failure) {
    tell(.checking, 0)
    compatibility = try report()
    guard compatibility.permits(engine.options) else { throw .incompatible(compatibility) }
  }

  // MARK: States of a stream that is read once

  /// Notes what is known of a target.
  mutating func note(_ known: DeviceFacts?, of device: UInt16) { facts[device] = known }

  /// The judgement of the state of a target; nil if there is none yet.
  func judgement(of target: ReplayTarget) -> StateJudgement? {
    target.judgement ?? judgements[target.number]
  }

  private mutating func keep(_ bytes: RawSpan, of device: UInt16) {
    guard engine.options.parts.contains(.state),
      engine.targets.contains(where: { $0.number == device && $0.judgement == nil })
    else { return }
    kept.append(bytes, of: device)
  }

  /// Judges the states that nobody judged before, if they were kept whole.
  mutating func judgeKept() throws(Failure) {
    guard engine.options.parts.contains(.state) else { return }
    for introduction in introductions {
      guard let target = engine.targets.first(where: { $0.number == introduction.number }),
        target.judgement == nil
      else { continue }
      guard let state = kept.take(introduction.number) else {
        judgements[introduction.number] = StateJudgement(
          unjudged: "the stream is read once, and the state has more than 8 MiB")
        continue
      }
      let facts = facts[introduction.number] ?? DeviceFacts()
      judgements[introduction.number] = StateJudgement(
        StateBytes(state), of: introduction, for: target, by: facts)
    }
  }

  /// Judges what was written to the targets, before they take it.
  mutating func judgeWritten() throws(Failure) {
    try judgeKept()
    for introduction in introductions {
      guard let target = engine.targets.first(where: { $0.number == introduction.number }),
        let judgement = judgements[introduction.number]
      else { continue }
      try asking(introduction.number) { () throws(DeviceError) in
        var check = CompatibilityCheck(
          wanted: introduction, device: target.device, profile: target.profile,
          judgement: judgement, options: engine.options, report: compatibility)
        check.facts = facts[introduction.number]
        try check.runOnState()
        compatibility = check.report
      }
    }
    guard compatibility.permits(engine.options) else { throw .incompatible(compatibility) }
  }

  // MARK: The targets

  mutating func open() throws(Failure) {
    for introduction in introductions {
      guard let target = engine.targets.first(where: { $0.number == introduction.number }) else {
        continue
      }
      let session = try asking(introduction.number) { () throws(DeviceError) in
        try DeviceSession(target.device, number: introduction.number, clock: engine.clock)
      }
      lanes.append(ReplayLane(session, introduction, profile: target.profile))
    }
  }

  func attachBindings() throws(Failure) {
    guard engine.options.parts.contains(.bindings) else { return }
    try forEachLane { (lane) throws(DeviceError) in try lane.attachBindings() }
  }

  mutating func enterResuming() throws(Failure) {
    stopStart = engine.clock.now
    for target in [MigrationState.runningP2P, .stop] {
      try forEachLane { (lane) throws(DeviceError) in
        guard lane.session.machine.supports(target) else { return }
        try lane.session.move(to: target)
      }
    }
    try forEachLane { (lane) throws(DeviceError) in
      try lane.session.move(to: .resuming)
      lane.take(.load)
    }
  }

  mutating func writeState<Source: VerifyingRecordSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure) where Source.Failure == SourceFailure {
    try readState(from: &source) { (run, chunk, bytes) throws(Failure) in
      guard let lane = run.lanes.first(where: { $0.session.number == chunk.device }) else { return }
      do throws(DeviceError) {
        try lane.write(bytes)
      } catch {
        run.place?.stateOffset = lane.byteCount
        throw .device(error, number: chunk.device)
      }
      run.keep(bytes, of: chunk.device)
      run.tell(.writing, run.lanes.reduce(0) { $0 + $1.byteCount })
    }
    place?.stateOffset = nil
  }

  /// Has the drivers take what was written, once the stream was verified.
  func finishLoading() throws(Failure) {
    try forEachLane { (lane) throws(DeviceError) in
      try lane.session.move(to: .stop)
      lane.take(.finish)
    }
  }

  func restoreRegisters() throws(Failure) {
    guard engine.options.parts.contains(.configuration) else { return }
    try forEachLane { (lane) throws(DeviceError) in try lane.restoreRegisters() }
  }

  // MARK: The end

  /// Lets the targets run that have state of the stream.
  func commit() throws(Failure) -> ReplaySummary {
    if engine.options.parts.contains(.state) { try runDevices() }
    return end(by: .commit)
  }

  /// Ends the replay by a step that cannot fail, and sums up.
  func end(by step: ReplayStage.Step) -> ReplaySummary {
    var summary = ReplaySummary()
    summary.report = compatibility
    summary.duration = engine.clock.now - start
    summary.downtime = stopStart.map { engine.clock.now - $0 } ?? .zero
    summary.devices = lanes.map { $0.end(by: step) }
    return summary
  }

  /// Takes back what can be taken back of targets that have not come to an end.
  func abort() -> [UInt16: DeviceOutcome] {
    var outcomes: [UInt16: DeviceOutcome] = [:]
    for lane in lanes where !lane.stage.isEnd { outcomes[lane.session.number] = lane.abort() }
    return outcomes
  }

  /// Takes everything back, and says why and how the targets are now.
  func undo(_ cause: Failure) -> ReplayError<SourceFailure> {
    ReplayError(cause: cause, place: place, outcomes: abort())
  }
}
