import ByteIO
import Devices
import MigrationStream
import VirtualPCI

/// A capture under way.
struct CaptureRun<SinkFailure: Error>: EngineRun {
  typealias Failure = CaptureError<SinkFailure>.Cause

  private let engine: CaptureEngine
  private(set) var lanes: [CaptureLane] = []
  private var summary = CaptureSummary()
  private let start: Duration
  private var stopStart: Duration?
  private var rate: Double?

  init(_ engine: CaptureEngine) {
    self.engine = engine
    start = engine.clock.now
  }

  var isCancelled: () -> Bool { engine.isCancelled }
  private var options: CaptureOptions { engine.options }
  private var now: Duration { engine.clock.now }
  private var byteCount: UInt64 {
    lanes.reduce(0) { $0 + $1.preCopyByteCount + $1.stopCopyByteCount }
  }

  // MARK: Before state

  /// What the stream will say of the devices.
  func introductions() throws(Failure) -> [DeviceIntroduction] {
    try check()
    var result: [DeviceIntroduction] = []
    for (number, source) in zip((0 as UInt16)..., engine.sources) {
      result.append(
        try asking(number) { () throws(DeviceError) in
          try source.introduction(number: number, abilities: try source.device.abilities())
        })
    }
    return result
  }

  /// Refuses what cannot be captured as asked.
  private func check() throws(Failure) {
    try checkAbilities()
    try checkProfiles()
    try checkBindings()
  }

  mutating func open(chunkByteCount: Int) throws(Failure) {
    try check()
    for (number, source) in zip((0 as UInt16)..., engine.sources) {
      let session = try asking(number) { () throws(DeviceError) in
        try DeviceSession(source.device, number: number, clock: engine.clock)
      }
      lanes.append(CaptureLane(session, chunkByteCount: chunkByteCount))
    }
  }

  /// Refuses devices whose drivers cannot do what a capture of them needs.
  private func checkAbilities() throws(Failure) {
    var abilities: [MigrationAbilities] = []
    for (number, source) in zip((0 as UInt16)..., engine.sources) {
      abilities.append(
        try asking(number) { () throws(DeviceError) in try source.device.abilities() })
    }
    let found = zip(engine.sources.map(\.device.name), abilities)
    if let (device, _) = found.first(where: { !$0.1.contains(.stopCopy) }) {
      throw .refused(.noMigration(device: device))
    }
    if abilities.count > 1, !options.allowsMissingP2P,
      let (device, able) = found.first(where: { !$0.1.contains(.peerToPeer) })
    {
      throw .refused(.noPeerToPeer(device: device, found: able))
    }
  }

  /// Refuses devices that cannot carry the profile that their guests were shown.
  private func checkProfiles() throws(Failure) {
    for (number, source) in zip((0 as UInt16)..., engine.sources) {
      guard let profile = source.profile else { continue }
      let report = try asking(number) { () throws(DeviceError) in
        try source.device.check(profile)
      }
      guard report.canCarry else {
        throw .refused(.profile(device: source.device.name, report))
      }
    }
  }

  /// Refuses bindings that a device cannot have.
  private func checkBindings() throws(Failure) {
    for (number, source) in zip((0 as UInt16)..., engine.sources) {
      guard let table = source.pasids, !table.domains.isEmpty else { continue }
      var report = CompatibilityReport()
      report.hold(
        table, of: number,
        against: try asking(number) { () throws(DeviceError) in
          try source.device.pasidAbilities()
        })
      guard report.isCompatible else {
        throw .refused(.bindings(device: source.device.name, report))
      }
    }
  }

  func introduce<Sink: RecordSink & ~Copyable>(
    to sink: inout Sink
  ) throws(Failure) where Sink.Failure == SinkFailure {
    do throws(SinkFailure) {
      try sink.write(.information(engine.information))
    } catch {
      throw .sink(error)
    }
    for (source, lane) in zip(engine.sources, lanes) {
      try checkCancellation()
      let session = lane.session
      let introduction = try asking(session.number) { () throws(DeviceError) in
        try source.introduction(number: session.number, abilities: session.abilities)
      }
      do throws(SinkFailure) {
        try sink.write(introduction)
      } catch {
        throw .sink(error)
      }
    }
  }

  // MARK: While the devices run

  mutating func preCopy<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink
  ) throws(Failure) where Sink.Failure == SinkFailure {
    guard options.usesPreCopy, lanes.contains(where: { $0.session.abilities.contains(.preCopy) })
    else { return }
    try forEachLane { (lane) throws(DeviceError) in
      guard lane.session.abilities.contains(.preCopy) else { return }
      try lane.session.move(to: .preCopy)
      try lane.inquire()
    }
    let preCopyStart = now
    var remaining = try remainingByteCount()
    while true {
      if summary.iterations.count >= options.iterationLimit {
        summary.stopReason = .iterationLimit
        return
      }
      if now - preCopyStart >= options.preCopyTimeLimit {
        summary.stopReason = .timeLimit
        return
      }
      try iterate(into: &sink, remaining: remaining, since: preCopyStart)
      remaining = summary.iterations.last?.remainingByteCount
      let isInitialLeft = lanes.contains { ($0.information?.initialByteCount ?? 0) > 0 }
      if !isInitialLeft, let expected = summary.iterations.last?.expectedDowntime,
        expected <= options.downtimeLimit
      {
        summary.stopReason = .converged
        return
      }
    }
  }

  /// The bytes that stopping now leaves to be read; nil if a driver does not tell.
  private func remainingByteCount() throws(Failure) -> UInt64? {
    var sum: UInt64? = 0
    try forEachLane { (lane) throws(DeviceError) in
      let count = try lane.remainingByteCount()
      sum = sum.flatMap { sum in count.map { sum.addingSaturating($0) } }
    }
    return sum
  }

  // Seconds, more than thirty years: what a driver says is left need not be true, and a duration
  // has its limits.
  private static var longestDowntime: Double { 1e9 }

  private func expectedDowntime(_ remaining: UInt64?) -> Duration? {
    guard let remaining else { return nil }
    if remaining == 0 { return .zero }
    return rate.map { .seconds(min(Double(remaining) / $0, Self.longestDowntime)) }
  }

  private mutating func iterate<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, remaining: UInt64?, since preCopyStart: Duration
  ) throws(Failure) where Sink.Failure == SinkFailure {
    let iteration = summary.iterations.count
    let iterationStart = now
    let before = byteCount
    for lane in lanes { lane.beginIteration(iteration) }
    try drain(
      into: &sink,
      progress: CaptureProgress(
        iteration: iteration, byteCount: before, remainingByteCount: remaining,
        expectedDowntime: expectedDowntime(remaining)),
      pacingSince: preCopyStart)
    let got = byteCount - before
    if got > 0 {
      do throws(SinkFailure) {
        try sink.flush()
      } catch {
        throw .sink(error)
      }
    } else {
      // A driver that has something to come, but not yet.
      engine.clock.sleep(for: .milliseconds(10))
    }
    let duration = now - iterationStart
    if got > 0 {
      // On a clock that did not move, whatever is left takes no time.
      rate = duration > .zero ? Double(got) / (duration / .seconds(1)) : .infinity
    }
    try forEachLane { (lane) throws(DeviceError) in try lane.inquire() }
    let left = try remainingByteCount()
    summary.iterations.append(
      CaptureSummary.Iteration(
        byteCount: got, duration: duration, remainingByteCount: left,
        expectedDowntime: expectedDowntime(left),
        isReinitialized: lanes.contains { $0.information?.isReinitialized == true }))
  }

  // MARK: While they are stopped

  mutating func stopAndCopy<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink
  ) throws(Failure) where Sink.Failure == SinkFailure {
    stopStart = now
    let expected = summary.iterations.last?.expectedDowntime
    // All are quiet before any stops: a device that runs must find its peers answering.
    try forEachLane { (lane) throws(DeviceError) in
      guard lane.session.abilities.contains(.peerToPeer) else { return }
      try lane.session.move(to: lane.isPreCopying ? .preCopyP2P : .runningP2P)
    }
    try forEachLane { (lane) throws(DeviceError) in
      try lane.session.move(to: .stopCopy)
      lane.beginStopCopy()
    }
    try drain(
      into: &sink,
      progress: CaptureProgress(
        byteCount: byteCount, remainingByteCount: summary.iterations.last?.remainingByteCount,
        expectedDowntime: expected),
      pacingSince: nil)
    try forEachLane { (lane) throws(DeviceError) in try lane.session.move(to: .stop) }
  }

  /// Reads from one device after another, until none has anything now.
  private func drain<Sink: RecordSink & ~Copyable>(
    into sink: inout Sink, progress: CaptureProgress, pacingSince: Duration?
  ) throws(Failure) where Sink.Failure == SinkFailure {
    let drainStart = now
    var progress = progress
    let before = progress.byteCount
    let left = progress.remainingByteCount
    var last = lanes.last
    for lane in lanes {
      if let last, last !== lane { lane.takeMemory(of: last) }
      last = lane
      while lane.isActive {
        try checkCancellation()
        let number = lane.session.number
        do throws(LaneError<SinkFailure>) {
          _ = try lane.advance { (buffer, context) throws(SinkFailure) in
            try sink.write(from: &buffer, device: number, context: context)
          }
        } catch {
          switch error {
          case .device(let error): throw .device(error, number: number)
          case .sink(let error): throw .sink(error)
          }
        }
        if let pacingSince {
          pace(since: pacingSince)
          // A round of unknown size must end by the clock.
          if lane.information == nil, lane.isActive,
            now - pacingSince >= options.preCopyTimeLimit
          {
            try cut(lane, into: &sink)
          }
        }
        progress.byteCount = byteCount
        progress.remainingByteCount = left.map { $0 - min($0, progress.byteCount - before) }
        let time = now - drainStart
        progress.rate =
          time > .zero ? Double(progress.byteCount - before) / (time / .seconds(1)) : nil
        engine.progress(progress)
      }
    }
  }

  private func cut<Sink: RecordSink & ~Copyable>(
    _ lane: CaptureLane, into sink: inout Sink
  ) throws(Failure) where Sink.Failure == SinkFailure {
    let number = lane.session.number
    do throws(LaneError<SinkFailure>) {
      try lane.cut { (buffer, context) throws(SinkFailure) in
        try sink.write(from: &buffer, device: number, context: context)
      }
    } catch {
      switch error {
      case .device(let error): throw .device(error, number: number)
      case .sink(let error): throw .sink(error)
      }
    }
  }

  private func pace(since start: Duration) {
    guard let bandwidth = options.bandwidth, bandwidth > 0 else { return }
    let due = Duration.seconds(Double(byteCount) / Double(bandwidth))
    let ahead = due - (now - start)
    if ahead > .zero { engine.clock.sleep(for: ahead) }
  }

  // MARK: After it

  /// Runs the devices again if that was asked for, and sums up.
  mutating func conclude() throws(Failure) -> CaptureSummary {
    // Nothing is cancelled any more: the stream is whole.
    if options.resumes { try runDevices() }
    summary.duration = now - start
    summary.downtimeWasJudged = summary.iterations.allSatisfy { $0.remainingByteCount != nil }
    summary.downtime = stopStart.map { now - $0 } ?? .zero
    summary.devices = lanes.map { lane in
      CaptureSummary.Device(
        name: lane.session.device.name, preCopyByteCount: lane.preCopyByteCount,
        stopCopyByteCount: lane.stopCopyByteCount, timeInStates: lane.session.timeInStates,
        wasReset: lane.session.wasReset,
        outcome: options.resumes ? .runningAsBefore : .stopped)
    }
    return summary
  }

  /// Brings every device back to RUNNING, whatever state it is in, and says why.
  func undo(_ cause: Failure, isStreamWhole: Bool = false) -> CaptureError<SinkFailure> {
    CaptureError(
      cause: cause, outcomes: lanes.map { $0.session.returnToRunning() },
      isStreamWhole: isStreamWhole)
  }
}
