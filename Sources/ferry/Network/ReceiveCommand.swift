import ArgumentParser
import ByteIO
import Devices
import Handover
import Migration
import MigrationStream
import Reports
import StreamIO
import Transport

/// `ferry receive`: devices from another host.
struct ReceiveCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Take devices over from a 'ferry send' on another host.",
    discussion: """
      Waits until a source connects, says whether these devices can take what it has, loads its \
      state, and runs the devices if and only if the source commits and the journal here has it. \
      Whatever fails before that leaves a device that took state reset, the others as they were, and \
      the source, which is told, runs on; then the next source is waited for, unless --once is given.

      Ends when its devices run. A source that may not know is answered for a while longer; \
      --resolve answers those of earlier handovers by the journal, without devices.

      ADDR is unix:PATH, whose socket this user alone may open, or HOST:PORT. Nothing protects what \
      passes, so addresses that other hosts reach want --insecure: whoever connects there may write \
      to the devices.

      Examples:
        ferry receive --listen unix:target.sock emulated:mtty
        ferry receive --listen 10.0.0.2:7000 --insecure vfio:0000:3b:00.1 --then my-vmm --resume
      """)

  @Argument(
    help: ArgumentHelp(
      "The nth device takes the source's nth.", valueName: "device"))
  var devices: [String] = []

  @Option(help: ArgumentHelp("Where to listen.", valueName: "addr"))
  var listen: String

  @Flag(help: "End with the first connection, whatever comes of it.")
  var once = false

  @Flag(help: "Only answer sources that ask how an earlier handover ended.")
  var resolve = false

  @Option(
    name: .customLong("profile"), parsing: .singleValue,
    help: ArgumentHelp(
      "The vPCI profile that a device's guest is shown, in place of the stream's; the nth is the nth device's.",
      valueName: "profile"))
  var profiles: [String] = []

  @Flag(
    name: .customLong("without-p2p"),
    help: "Restore several devices though not all of their drivers have P2P.")
  var withoutP2P = false

  @Flag(
    help: """
      Restore state that its layout finds unsound, or that was taken while the guest ran, if the \
      driver takes it.
      """)
  var allowUnsound = false

  @Flag(help: "Take nothing of which something could not be checked.")
  var strict = false

  @OptionGroup var handover: HandoverChoices

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/handover.schema.json).")
  var json = false

  @OptionGroup var keeping: HandOverOptions

  @OptionGroup var trace: TraceOption

  func validate() throws {
    guard profiles.count <= devices.count else {
      throw ValidationError("Expected at most one --profile for each device.")
    }
    guard resolve == devices.isEmpty else {
      throw ValidationError(
        resolve ? "--resolve takes no devices: it only answers." : "Expected a device.")
    }
  }

  func run() throws {
    let address = try HandoverChoices.address(listen, of: "--listen")
    let journals = try handover.journals()
    let open = try OpenDevices(devices, in: trace.kernel())
    let keeper = try keeping.prepare(open.devices)
    var targets = zip((0 as UInt16)..., open.devices).map { ReplayTarget($1, number: $0) }
    for (index, path) in profiles.enumerated() {
      targets[index].profile = try ProfileFiles.layout(path)
    }
    for (index, control) in open.controls { targets[index].guestSpaceServer = control }
    var options = ReplayOptions()
    options.allowsMissingP2P = withoutP2P
    options.allowsUnsoundState = allowUnsound
    options.isStrict = strict
    let clock = SystemClock()
    var engine = ReplayEngine(targets, options: options, clock: clock)
    let progress = HandoverProgress("received", handover.progress)
    engine.progress = { state in
      progress.show({ state.text(after: clock.now) }, { state.json })
    }
    var target = HandoverTarget(engine, journals: journals)
    target.patience = handover.patience.duration
    target.limits = reading.limits
    target.threads = reading.threadCount
    target.producer = HandoverChoices.producer
    SignalGuard.install()
    let listener: Listener
    do throws(TransportError) {
      listener = try Listener(at: address, insecure: handover.insecure)
    } catch {
      throw CommandError(error)
    }
    StandardError.print("ferry: \(listener.address): listening")
    while true {
      let end = try next(target, listener, open, progress)
      if case .running(let summary, let id, let isSettled)? = end {
        if !isSettled { answer(id, target, listener) }
        do {
          try open.save()
        } catch {
          throw DeviceFailure.unsaved(error, summary.devices.map(FailureReport.Device.init))
        }
        return try keep(
          targets, by: keeper, with: report(summary, id), summary, done: "the devices run")
      }
      if once { return }
    }
  }

  /// Serves the next peer. Its failure ends the command if there is to be one peer only, if a
  /// signal has come, or if a device was not brought back and cannot take another.
  private func next(
    _ target: HandoverTarget, _ listener: borrowing Listener, _ open: OpenDevices,
    _ progress: HandoverProgress
  ) throws -> HandoverTarget.End? {
    let connection: Connection
    do throws(TransportError) {
      connection = try listener.accept()
    } catch {
      if let signal = SignalGuard.signal { throw CommandError.signal(signal, "ended by a signal") }
      throw CommandError(error)
    }
    defer { progress.clear() }
    do throws(HandoverError) {
      if resolve {
        try answerOnly(target, connection)
        return nil
      }
      let end = try target.serve(connection)
      switch end {
      case .checked(let report, _): said("was told: \(report.verdict.rawValue)")
      case .refused(let report): said("was refused\(report.findings.map { "\n  \($0)" }.joined())")
      case .resolved(let id, let decision): said(id, decision)
      case .running: break
      }
      return end
    } catch {
      let failure = DeviceFailure.target(error, target.engine.targets)
      do {
        try open.save()
      } catch {
        throw failure
      }
      if once || failure.code == 7 || SignalGuard.signal != nil { throw failure }
      if let message = failure.message { StandardError.print("ferry: \(message)") }
      return nil
    }
  }

  private func said(_ text: String) { StandardError.print("ferry: \(listen): a source \(text)") }

  private func said(_ id: StreamUUID, _ decision: TargetDecision?) {
    said("asked for handover \(id): \(decision?.rawValue ?? "no journal here has it")")
  }

  private func answerOnly(
    _ target: HandoverTarget, _ connection: Connection
  ) throws(HandoverError) {
    let (id, decision) = try target.answer(connection)
    said(id, decision)
  }

  /// Answers a source that may not know that the devices run, for as long as it may take to ask.
  private func answer(
    _ handover: StreamUUID, _ target: HandoverTarget, _ listener: borrowing Listener
  ) {
    said("may not know that the devices run; it is answered until it asks")
    let end = ContinuousClock.now + self.handover.patience.duration * 2
    while ContinuousClock.now < end, SignalGuard.signal == nil {
      do throws(TransportError) {
        guard let connection = try listener.accept(until: end) else { return }
        let answered = try? target.answer(connection)
        if let answered, answered.0 == handover { return said(handover, answered.1) }
      } catch {
        return
      }
    }
  }

  private func report(_ summary: ReplaySummary, _ id: StreamUUID) -> HandoverReport {
    var report = HandoverReport(id, .target, peer: listen, .handedOver)
    report.findings = summary.report
    report.devices = summary.devices.map(FailureReport.Device.init)
    report.stateByteCount = summary.byteCount
    report.downtime = summary.downtime
    report.duration = summary.duration
    return report
  }
}
