import ByteIO
import Devices
import MigrationStream

/// A replay under way.
struct ReplayRun<Device: MigratableDevice, Clock: MigrationClock, SourceFailure: Error> {
  typealias Lane = ReplayLane<Device, Clock>

  /// Why it cannot go on.
  enum Failure: Error {
    case incompatible(CompatibilityReport)
    case device(DeviceError, UInt16)
    case source(SourceFailure)
    case unverified(UInt16)
    case cancelled
  }

  let engine: ReplayEngine<Device, Clock>
  private var introduction = StreamIntroduction()
  // The first record behind the introductions.
  private var pending: Record?
  private var lanes: [Lane] = []
  private var summary = ReplaySummary()
  private var place: ReplayError<SourceFailure>.Place?
  private let start: Duration
  private var stopStart: Duration?

  init(_ engine: ReplayEngine<Device, Clock>) {
    self.engine = engine
    start = engine.clock.now
  }

  var introductions: [DeviceIntroduction] { introduction.devices }

  func tell(_ phase: ReplayProgress.Phase, _ byteCount: UInt64) {
    let expected = introductions.compactMap(\.identity.stopCopyByteCount).reduce(0 as UInt64) {
      $0.addingSaturating($1)
    }
    engine.progress(
      ReplayProgress(
        phase: phase, byteCount: byteCount, expectedByteCount: expected > 0 ? expected : nil))
  }

  private func checkCancellation() throws(Failure) {
    if engine.isCancelled() { throw .cancelled }
  }

  private func forEachLane(_ body: (Lane) throws(DeviceError) -> Void) throws(Failure) {
    for lane in lanes {
      try checkCancellation()
      do throws(DeviceError) {
        try body(lane)
      } catch {
        throw .device(error, lane.session.number)
      }
    }
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
    try readState(from: &source) { (run, _, bytes) throws(Failure) in
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
    summary.report = try report()
    guard summary.report.isCompatible else { throw .incompatible(summary.report) }
  }

  // MARK: The targets

  mutating func open() throws(Failure) {
    for introduction in introductions {
      guard let target = engine.targets.first(where: { $0.number == introduction.number }) else {
        continue
      }
      do throws(DeviceError) {
        let session = try DeviceSession(
          target.device, number: introduction.number, clock: engine.clock)
        lanes.append(Lane(session, introduction, profile: target.profile))
      } catch {
        throw .device(error, introduction.number)
      }
    }
  }

  func attachBindings() throws(Failure) {
    guard engine.options.parts.contains(.bindings) else { return }
    try forEachLane { (lane) throws(DeviceError) in
      guard let table = lane.introduction.pasids, !table.domains.isEmpty else { return }
      try lane.session.device.allocate(table.domains)
      lane.hasDomains = true
      for binding in table.bindings {
        try lane.session.device.attach(binding)
        lane.attached.append(binding.pasid)
      }
    }
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
      lane.hasLostState = true
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
        throw .device(error, chunk.device)
      }
      run.tell(.writing, run.lanes.reduce(0) { $0 + $1.byteCount })
    }
    place?.stateOffset = nil
  }

  /// Has the drivers take what was written, once the stream was verified.
  func commit() throws(Failure) {
    try forEachLane { (lane) throws(DeviceError) in try lane.session.move(to: .stop) }
  }

  func restoreRegisters() throws(Failure) {
    guard engine.options.parts.contains(.configuration) else { return }
    try forEachLane { (lane) throws(DeviceError) in
      guard let record = lane.introduction.configuration else { return }
      let device = lane.session.device
      let before = try device.configurationSpace()
      let registers = GuestRegister.differences(
        from: record, to: before, shown: try lane.shownSpace(before))
      for register in registers {
        try device.writeConfiguration(register.bytes, at: register.offset)
      }
      guard !registers.isEmpty else { return }
      let after = try device.configurationSpace()
      lane.registers = registers.map {
        ReplaySummary.RestoredRegister(register: $0, droppedBits: $0.droppedBits(in: after))
      }
    }
  }

  // MARK: The end

  mutating func conclude() throws(Failure) -> ReplaySummary {
    let hasState = engine.options.parts.contains(.state)
    if hasState, !engine.options.leavesStopped {
      // All can be reached before any begins to reach out.
      for target in [MigrationState.runningP2P, .running] {
        try forEachLane { (lane) throws(DeviceError) in
          guard lane.session.machine.supports(target) else { return }
          try lane.session.move(to: target)
        }
      }
    }
    summary.duration = engine.clock.now - start
    summary.downtime = stopStart.map { engine.clock.now - $0 } ?? .zero
    summary.devices = lanes.map { lane in
      ReplaySummary.Device(
        number: lane.session.number, name: lane.session.device.name, byteCount: lane.byteCount,
        bindingCount: lane.attached.count, timeInStates: lane.session.timeInStates,
        wasReset: lane.session.wasReset,
        outcome: !hasState
          ? .runningAsBefore : engine.options.leavesStopped ? .stopped : .restored,
        registers: lane.registers, interrupts: lane.introduction.interrupts)
    }
    return summary
  }

  /// Takes back what can be taken back, and says why and how the targets are now.
  func undo(_ failure: Failure) -> ReplayError<SourceFailure> {
    let cause: ReplayError<SourceFailure>.Cause
    switch failure {
    case .incompatible(let report): cause = .incompatible(report)
    case .device(let error, let number): cause = .device(error, number: number)
    case .source(let error): cause = .source(error)
    case .unverified(let number): cause = .unverified(number)
    case .cancelled: cause = .cancelled
    }
    var outcomes: [UInt16: DeviceOutcome] = [:]
    for lane in lanes { outcomes[lane.session.number] = lane.undo() }
    return ReplayError(cause: cause, place: place, outcomes: outcomes)
  }
}
