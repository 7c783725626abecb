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
    try session.introduce()
    for check in checks {
      let (start, wasLost) = (clock.now, session.loss != nil)
      let result = isCancelled() ? .notRun("the run was ended") : result(of: check, in: session)
      session.restore()
      each(
        CheckOutcome(
          check: check, result: result,
          quirk: result.findings.isEmpty
            ? nil : Quirk.known(of: session.driver, failing: check.name),
          isDeviceLost: session.loss != nil && !wasLost, duration: clock.now - start))
    }
    var summary = ConformanceSummary()
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
