public import Devices
public import MigrationStream

/// Runs checks on a device, one after the other, each on a device that runs.
public struct ConformanceRun {
  private let opener: any DeviceOpener
  private let checks: [Check]
  private let options: ConformanceOptions
  private let clock: any MigrationClock
  /// Whether to stop before the next check, which is asked for each.
  public var isCancelled: () -> Bool = { false }
  /// Who runs the checks that may cost the device its state, if the device can be opened again; nil
  /// for this process.
  public var runner: (any CheckRunner)?
  /// The log in which the kernel tells what went wrong; nil for a device that is not the kernel's.
  public var kernelLog: (any KernelLog)?
  /// The state that the device is to have, if it is not the one that it is found with.
  public var foundState: [UInt8]?

  /// A run of `checks` on the device behind `opener`.
  public init(
    _ opener: any DeviceOpener, checks: [Check] = Check.all,
    options: ConformanceOptions = ConformanceOptions(), clock: any MigrationClock
  ) {
    self.opener = opener
    self.checks = checks
    self.options = options
    self.clock = clock
  }

  /// Runs the checks, and gives each outcome as its check ends.
  ///
  /// Throws the device's error if it cannot be opened and asked what it is.
  public func run(
    each: (CheckOutcome) -> Void
  ) throws(DeviceError) -> ConformanceSummary {
    let session = CheckSession(opener, options, clock)
    var summary = ConformanceSummary()
    _ = complaints(in: &summary)
    try session.introduce(having: foundState)
    for check in checks {
      let (start, wasLost) = (clock.now, session.loss != nil)
      var result = isCancelled() ? .notRun("the run was ended") : result(of: check, in: session)
      session.restore()
      let complaints = complaints(in: &summary)
      if !complaints.isEmpty { result = .failed(result.findings + complaints) }
      each(
        CheckOutcome(
          check: check, result: result,
          quirk: result.findings.isEmpty
            ? nil : Quirk.known(of: session.driver, failing: check.name),
          isDeviceLost: session.loss != nil && !wasLost, isKernelDamaged: !complaints.isEmpty,
          duration: clock.now - start))
    }
    summary.driver = session.driver
    summary.abilities = session.abilities
    summary.stateByteCount = session.saved?.count
    if !session.abilities.isEmpty {
      summary.leaving =
        session.loss.map { .lost($0) } ?? session.change.map { .changed($0) } ?? .asFound
    }
    session.close()
    summary.timeInStates = session.timeInStates
    return summary
  }

  /// What the kernel complained of since it was last asked.
  private func complaints(in summary: inout ConformanceSummary) -> [Finding] {
    guard let kernelLog else { return [] }
    var found: [Finding] = []
    switch kernelLog.records() {
    case .unread(let reason): summary.kernelLog = .unread(reason)
    case .read(let records):
      let complaints = records.compactMap { KernelComplaint($0)?.text }
      if case .read(let count) = summary.kernelLog {
        summary.kernelLog = .read(complaintCount: count + complaints.count)
      } else {
        // What was logged before is of nobody's check.
        summary.kernelLog = .read(complaintCount: 0)
        return []
      }
      found = complaints.prefix(options.findingLimit).map {
        Finding(
          asked: "the kernel's log meanwhile", expected: "no oops and no warning", found: $0,
          calls: [])
      }
    }
    return found
  }

  /// Has the runner run a check, to whom the device is left meanwhile.
  private func result(
    of check: Check, by runner: any CheckRunner, in session: CheckSession
  ) -> CheckOutcome.Result {
    session.begin(check.name)
    session.close()
    let answer = runner.run(check, saved: session.saved)
    switch answer {
    case .died(let finding):
      session.lose("\(check.name) did not end by itself")
      return .failed([finding])
    case .ended(let result, let loss?):
      session.lose(loss)
      return result
    case .ended(let result, nil):
      session.settle()
      return session.findings.isEmpty ? result : .failed(result.findings + session.findings)
    case .notRun(let reason):
      session.settle()
      return session.findings.isEmpty ? .notRun(reason) : .failed(session.findings)
    }
  }

  private func result(of check: Check, in session: CheckSession) -> CheckOutcome.Result {
    if let loss = session.loss { return .notRun("the device no longer answers: \(loss)") }
    guard !session.abilities.isEmpty else {
      return .notApplicable("the driver cannot migrate the device")
    }
    guard session.abilities.contains(.stopCopy) || check.name == Check.abilities.name else {
      return .notRun("the driver has no STOP_COPY")
    }
    for need in check.needs {
      if let reason = need.missing(in: session) { return reason }
    }
    if check.isDestructive, !options.allowsDestruction {
      return .notRun("needs --destructive")
    }
    if check.isDestructive, let runner, session.opener.canReopen {
      return result(of: check, by: runner, in: session)
    }
    session.begin(check.name)
    do throws(DeviceError) {
      try check.run(session)
    } catch {
      session.expect(false, check.name, "an answer without an error", found: "\(error)")
    }
    session.settle()
    return session.findings.isEmpty ? .passed : .failed(session.findings)
  }
}

extension Check.Need {
  /// Why a check that needs it has no answer; nil if it is there.
  fileprivate func missing(in session: CheckSession) -> CheckOutcome.Result? {
    switch self {
    case .peerToPeer:
      session.abilities.contains(.peerToPeer) ? nil : .notApplicable("the driver has no P2P")
    case .preCopy:
      session.abilities.contains(.preCopy) ? nil : .notApplicable("the driver has no PRE_COPY")
    case .savedState:
      session.saved == nil ? .notRun(session.unsavedReason) : nil
    case .stateSizes:
      session.device?.tellsStateSizes == false
        ? .notApplicable("the protocol that the device is served by has no sizes of state") : nil
    case .features:
      session.device is any FeatureDevice
        ? nil : .notApplicable("the device has no VFIO_DEVICE_FEATURE_PROBE")
    case .dmaLogging:
      session.logsDMA ? nil : .notApplicable("the device does not log DMA")
    case .poll:
      session.canPoll
        ? nil : .notRun("a data_fd of this device cannot be polled here")
    case .reopening:
      session.opener.canReopen ? nil : .notRun("the device was inherited open")
    case .layout:
      session.layout == nil ? .notApplicable("no layout is known to be that of the state") : nil
    }
  }
}
