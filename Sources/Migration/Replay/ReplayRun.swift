import ByteIO
import Devices
import MigrationStream
import StateLayout
import StateTranslation

/// A replay under way.
struct ReplayRun<SourceFailure: Error>: EngineRun {
  typealias Failure = ReplayError<SourceFailure>.Cause

  let engine: ReplayEngine
  private var introduction: StreamIntroduction
  // The first record behind the introductions.
  private var pending: Record?
  private(set) var lanes: [ReplayLane] = []
  private var compatibility = CompatibilityReport()
  private var kept = KeptStates<ReplayError<SourceFailure>.Place>()
  private var judgements: [UInt16: StateJudgement] = [:]
  // The facts of the targets, as they were before anything was touched.
  private var facts: [UInt16: DeviceFacts] = [:]
  private var place: ReplayError<SourceFailure>.Place?
  // Whether anything was asked of a target but facts.
  private var hasBegun = false
  private let start: Duration
  private var stopStart: Duration?

  init(_ engine: ReplayEngine) {
    self.engine = engine
    introduction = StreamIntroduction(keeping: Set(engine.targets.map(\.number)))
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
      if run.isUnjudged(chunk.device), !run.keep(bytes, of: chunk.device) {
        run.judgeBeginning(of: chunk.device)
        run.kept.forget(chunk.device)
      }
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
    pending = nil
    while record != nil {
      try checkCancellation()
      if case .chunk(let chunk)? = record {
        place?.stateOffset = chunk.stateOffset
        let bytes: RawSpan
        do throws(SourceFailure) {
          bytes = try source.chunkBytes()
        } catch {
          throw .source(error)
        }
        try take(&self, chunk, bytes)
      }
      // One record at a time: it may have 4 MiB.
      record = nil
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
    try requirePermission()
  }

  // MARK: States that are kept

  /// Notes what is known of a target.
  mutating func note(_ known: DeviceFacts?, of device: UInt16) { facts[device] = known }

  /// The judgement of the state of a target; nil if there is none yet.
  func judgement(of target: ReplayTarget) -> StateJudgement? {
    target.judgement ?? judgements[target.number]
  }

  /// Whether nobody has judged the state that a target is to be given.
  private func isUnjudged(_ device: UInt16) -> Bool {
    engine.options.parts.contains(.state)
      && engine.targets.contains { $0.number == device && $0.judgement == nil }
      && judgements[device] == nil
  }

  private mutating func keep(_ bytes: RawSpan, of device: UInt16) -> Bool {
    // A chunk has a record, and so a place.
    guard let place else { return false }
    return kept.append(bytes, of: device, at: place)
  }

  /// Judges the states that nobody judged before, if they were kept whole.
  mutating func judgeKept() throws(Failure) {
    for introduction in introductions where isUnjudged(introduction.number) {
      guard let target = engine.targets.first(where: { $0.number == introduction.number }) else {
        continue
      }
      let facts = facts[introduction.number] ?? DeviceFacts()
      judgements[introduction.number] = StateJudgement(
        StateBytes(kept.bytes(of: introduction.number)), of: introduction, for: target, by: facts)
    }
  }

  /// Judges the state of a device that is too large to be kept by what was kept of it.
  private mutating func judgeBeginning(of device: UInt16) {
    guard let introduction = introductions.first(where: { $0.number == device }),
      let target = engine.targets.first(where: { $0.number == device })
    else { return }
    judgements[device] = StateJudgement(
      beginning: kept.bytes(of: device), of: introduction, for: target,
      by: facts[device] ?? DeviceFacts(), limit: KeptStates<Never>.limitText)
  }

  /// Adds to the report what a judgement that was made on the way says of a state.
  private mutating func report(on device: UInt16) throws(Failure) {
    guard let introduction = introductions.first(where: { $0.number == device }),
      let target = engine.targets.first(where: { $0.number == device }),
      let judgement = judgements[device]
    else { return }
    try asking(device) { () throws(DeviceError) in
      var check = CompatibilityCheck(
        wanted: introduction, device: target.device, profile: target.profile,
        judgement: judgement, options: engine.options, report: compatibility)
      check.facts = facts[device]
      try check.runOnState()
      compatibility = check.report
    }
  }

  private func requirePermission() throws(Failure) {
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
      let lane = ReplayLane(session, introduction, target: target)
      if engine.options.parts.contains(.configuration) {
        _ = try asking(introduction.number) { () throws(DeviceError) in try lane.spaceToShow() }
      }
      lanes.append(lane)
    }
  }

  mutating func attachBindings() throws(Failure) {
    hasBegun = true
    guard engine.options.parts.contains(.bindings) else { return }
    try forEachLane { (lane) throws(DeviceError) in try lane.attachBindings() }
  }

  /// Attaches bindings and takes all targets into RESUMING, in step, unless that was done.
  private mutating func enterResuming() throws(Failure) {
    guard !hasBegun else { return }
    try attachBindings()
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

  /// Writes the states of the stream to their targets.
  ///
  /// States that can be kept are written when the stream was verified and they were judged, each in
  /// one go, and no target is touched before, unless one is too large.
  mutating func writeState<Source: VerifyingRecordSource & ~Copyable>(
    from source: inout Source
  ) throws(Failure) where Source.Failure == SourceFailure {
    var keptByteCount: UInt64 = 0
    try readState(from: &source) { (run, chunk, bytes) throws(Failure) in
      guard let lane = run.lanes.first(where: { $0.session.number == chunk.device }) else { return }
      if run.keep(bytes, of: chunk.device) {
        keptByteCount += UInt64(bytes.byteCount)
        return run.tell(.verifying, keptByteCount)
      }
      try run.writeKept(to: lane)
      try run.write(bytes, to: lane)
    }
    // What fails from here on is about no record, unless a state is refused.
    place = nil
    try judgeKept()
    for number in judgements.keys.sorted() where kept.isWhole(number) { try report(on: number) }
    try requirePermission()
    try enterResuming()
    for lane in lanes where kept.isWhole(lane.session.number) { try writeKept(to: lane) }
  }

  /// Gives a target what was kept for it; of a state that is too large, the beginning.
  private mutating func writeKept(to lane: ReplayLane) throws(Failure) {
    let number = lane.session.number
    let bytes = kept.bytes(of: number)
    if !kept.isWhole(number), isUnjudged(number) {
      judgeBeginning(of: number)
      try report(on: number)
      try requirePermission()
    }
    try enterResuming()
    guard !bytes.isEmpty else { return }
    let now = place
    do throws(Failure) {
      try write(bytes.span.raw, to: lane)
    } catch {
      place = kept.place(of: number, at: Int(lane.byteCount)) ?? now
      place?.stateOffset = lane.byteCount
      throw error
    }
    kept.forget(number)
  }

  private mutating func write(_ bytes: RawSpan, to lane: ReplayLane) throws(Failure) {
    do throws(DeviceError) {
      try lane.write(bytes)
    } catch {
      place?.stateOffset = lane.byteCount
      throw .device(error, number: lane.session.number)
    }
    tell(.writing, lanes.reduce(0) { $0 + $1.byteCount })
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

  /// Takes back what can be taken back of targets that have not come to an end; empty if none was
  /// touched.
  func abort() -> [UInt16: DeviceOutcome] {
    var outcomes: [UInt16: DeviceOutcome] = [:]
    for lane in lanes where !lane.stage.isEnd {
      let outcome = lane.abort()
      if hasBegun || lane.session.wasReset || outcome != .runningAsBefore {
        outcomes[lane.session.number] = outcome
      }
    }
    return outcomes
  }

  /// Takes everything back, and says why and how the targets are now.
  func undo(_ cause: Failure) -> ReplayError<SourceFailure> {
    ReplayError(cause: cause, place: place, outcomes: abort())
  }
}
