import ArgumentParser
import ByteIO
import Devices
import Handover
import Migration
import MigrationStream
import Reports
import StreamIO
import Transport
import VFIOUser

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

      ADDR is unix:PATH, whose socket this user alone may open, or HOST:PORT. Whoever connects may \
      write to the devices: on loopback every user of this host. With --tls-cert, --tls-key and --tls-ca \
      connections have TLS 1.3, and whoever connects shows a certificate of that authority, with one of the \
      names of --allow in its subject alternative name: exactly, without wildcards. Who does not is told to \
      go, and is waited for no longer. Without TLS addresses that other hosts reach want --insecure.

      QEMU keeps a half of a device that is served to it (serve:PATH): addresses, MSI and the command \
      register. Nothing gives these back here, so a guest that 'ferry send --qmp' left cannot go on \
      in the VM of the target; 'ferry capture --qmp' and 'ferry replay --qmp' take them along.

      Examples:
        ferry receive --listen unix:target.sock emulated:mtty
        ferry receive --listen host-b:7000 emulated:mtty --tls-cert b.pem --tls-key b.key \\
          --tls-ca ca.pem --allow host-a
        ferry receive --listen unix:target.sock vfio:0000:3b:00.1 --then my-vmm --resume
      """)

  @Argument(
    help: ArgumentHelp(
      "The nth device takes the source's nth.", valueName: "device"), completion: .device)
  var devices: [String] = []

  @Option(help: ArgumentHelp("Where to listen.", valueName: "addr"))
  var listen: String

  @Option(
    help: ArgumentHelp(
      "A name that a source's certificate may have, a DNS name, IP address or URI; may be repeated (default: any of the authority's).",
      valueName: "name"), transform: ProtectionOptions.name)
  var allow: [PeerName] = []

  @Flag(help: "End with the first connection, whatever comes of it.")
  var once = false

  @Flag(help: "Only answer sources that ask how an earlier handover ended.")
  var resolve = false

  @OptionGroup var choices: ReplayChoices

  @OptionGroup var handover: HandoverChoices

  @OptionGroup var reading: ReadingOptions

  @Flag(help: "Print JSON (schemas/handover.schema.json).")
  var json = false

  @OptionGroup var keeping: HandOverOptions

  @OptionGroup var trace: TraceOption

  func validate() throws {
    try choices.validate(deviceCount: devices.count)
    guard resolve == devices.isEmpty else {
      throw ValidationError(
        resolve ? "--resolve takes no devices: it only answers." : "Expected a device.")
    }
    guard allow.isEmpty || handover.protection.hasTLS else {
      throw ValidationError("--allow wants --tls-cert, --tls-key and --tls-ca.")
    }
  }

  func run() throws {
    let address = try HandoverChoices.address(listen, of: "--listen")
    let journals = try handover.journals()
    let protection = try handover.protection.protection(names: allow.isEmpty ? nil : allow)
    let open = try OpenDevices(devices, in: trace.kernel())
    let keeper = try keeping.prepare(open.devices)
    try requireKept(open.devices, by: keeper)
    let targets = try choices.targets(open, numbers: open.devices.indices.map(UInt16.init))
    let clock = SystemClock()
    var engine = ReplayEngine(targets, options: choices.options, clock: clock)
    let progress = HandoverProgress("received", handover.progress)
    engine.progress = { state in
      progress.show({ state.text(after: clock.now) }, { state.json })
    }
    var target = HandoverTarget(engine, journals: journals)
    target.patience = handover.patience.duration
    target.retry = handover.retry.duration
    target.reconnecting = { error in
      StandardError.print("ferry: \(error); the source may come back")
    }
    target.limits = reading.limits
    target.threads = reading.threadCount
    target.producer = HandoverChoices.producer
    SignalGuard.install()
    let listener: Listener
    do throws(TransportError) {
      listener = try Listener(at: address, protection: protection)
    } catch {
      throw CommandError(error)
    }
    if let authority = handover.protection.tlsCa, allow.isEmpty, !resolve {
      StandardError.print(
        "ferry: whoever holds a certificate of \(authority) may write to these devices; --allow names those who may"
      )
    }
    StandardError.print("ferry: \(listener.address): listening")
    // A peer whose TLS handshake fails is none.
    let accept: HandoverTarget.Acceptor = { (end) throws(TransportError) in
      try listener.accept(
        until: end, patience: handover.patience.duration, refused: refused)
    }
    while true {
      let connection = try next(accept)
      let end = try serve(connection, further: accept, target, open, progress)
      let security = connection.security
      if case .running(let summary, let settling)? = end {
        let report = report(summary, settling.handover, security)
        return try keep(report, summary, settling, open, targets, by: keeper, target, accept)
      }
      if once, try reportOnce(end, security, targets) { return }
    }
  }

  /// Refuses devices whose state would end with this command, and would be the only copy.
  private func requireKept(
    _ devices: [any MigratableDevice], by keeper: DeviceKeeper
  ) throws {
    for device in devices {
      if case .nobody = keeper, device.isResetWhenClosed {
        throw CommandError.usage(
          "\(device.name): its driver resets it when nobody has it open, so what it takes over would end with this "
            + "command; expected --then, --hand-over or --hold")
      }
      if let device = device as? VFIOUserDevice, !device.isKeptByServer {
        throw CommandError.usage(
          "\(device.name): what it takes over may end with this command's connection; a device that ferry serve "
            + "serves is named by its control socket (serve:PATH)")
      }
    }
  }

  /// Saves and keeps the devices that run, and answers the source if it may not know.
  private func keep(
    _ report: HandoverReport, _ summary: ReplaySummary, _ settling: HandoverTarget.Settling,
    _ open: OpenDevices,
    _ targets: [ReplayTarget], by keeper: DeviceKeeper, _ target: HandoverTarget,
    _ accept: @escaping HandoverTarget.Acceptor
  ) throws {
    if let failure = settling.journalFailure {
      StandardError.print(
        "ferry: the devices run, and the journal does not say so: \(failure)")
    }
    do {
      try open.save()
    } catch {
      throw DeviceFailure.unsaved(error, summary.devices.map(FailureReport.Device.init))
    }
    var answers = false
    if settling.asksWithin != nil {
      switch keeper {
      case .nobody, .socket: answers = true
      case .command, .signal:
        StandardError.print(
          "ferry: the source may not know that the devices run; 'ferry receive --resolve --listen \(listen)' "
            + "answers it")
      }
    }
    do {
      try keep(
        targets, by: keeper, with: report, summary, done: "the devices run")
    } catch {
      if answers { answer(settling, target, accept) }
      throw error
    }
    if answers { answer(settling, target, accept) }
  }

  /// Tells how the only connection ended, if one was made; whether it was.
  private func reportOnce(
    _ end: HandoverTarget.End?, _ security: ConnectionSecurity, _ targets: [ReplayTarget]
  ) throws -> Bool {
    guard let end else { return true }
    var report = HandoverReport(.random(), .target, peer: listen, .checked)
    report.security = security
    report.devices = targets.map {
      FailureReport.Device($0.number, name: $0.device.name, outcome: nil)
    }
    switch end {
    case .silent: return false
    case .checked(let id, let found, let permits):
      report.handover = id
      report.findings = found
      report.isPermitted = permits
      try finish(with: report)
    case .refused(let id, let found):
      report.handover = id
      report.findings = found
      report.isPermitted = false
      report.end = .refused
      try finish(
        with: report, .answer("incompatible", "\(listen): the devices cannot take what came"))
    case .resolved(let id, let decision):
      try finish(with: ResolutionReport(id, decision?.rawValue, security))
    case .running: break
    }
    return true
  }

  /// Waits for the next peer.
  private func next(_ accept: HandoverTarget.Acceptor) throws -> Connection {
    do throws(TransportError) {
      while true {
        if let connection = try accept(.now + .seconds(3600)) { return connection }
      }
    } catch {
      if let signal = SignalGuard.signal { throw CommandError.signal(signal, "ended by a signal") }
      throw CommandError(error)
    }
  }

  private func refused(_ error: TransportError) { StandardError.print("ferry: \(error)") }

  /// Serves a peer. Its failure ends the command if there is to be one peer only, if a
  /// signal has come, or if a device was not brought back and cannot take another.
  private func serve(
    _ connection: Connection, further accept: @escaping HandoverTarget.Acceptor,
    _ target: HandoverTarget, _ open: OpenDevices, _ progress: HandoverProgress
  ) throws -> HandoverTarget.End? {
    defer { progress.clear() }
    do throws(HandoverError) {
      if resolve {
        guard let (id, decision) = try target.answer(connection) else { return .silent }
        said(id, decision)
        return .resolved(id, decision)
      }
      let end = try target.serve(connection, further: accept)
      switch end {
      case .checked(_, let report, _): said("was told: \(report.verdict.rawValue)")
      case .refused(_, let report):
        said("was refused\(report.findings.map { "\n  \($0)" }.joined())")
      case .resolved(let id, let decision): said(id, decision)
      case .running, .silent: break
      }
      return end
    } catch {
      var failure = DeviceFailure.target(error, target.engine.targets)
      failure.partial = error.handover.map { ["handover": .string("\($0)")] }
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

  /// Answers a source that may not know that the devices run, for as long as it may take to ask.
  private func answer(
    _ settling: HandoverTarget.Settling, _ target: HandoverTarget,
    _ accept: @escaping HandoverTarget.Acceptor
  ) {
    guard let time = settling.asksWithin else { return }
    said("may not know that the devices run; it is answered until it asks")
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end, SignalGuard.signal == nil {
      do throws(TransportError) {
        guard let connection = try accept(end) else { return }
        let answered = try? target.answer(connection, running: settling.handover)
        if let (id, decision) = answered ?? nil, id == settling.handover {
          return said(id, decision)
        }
      } catch {
        return
      }
    }
  }

  private func report(
    _ summary: ReplaySummary, _ id: StreamUUID, _ security: ConnectionSecurity
  ) -> HandoverReport {
    var report = HandoverReport(id, .target, peer: listen, .handedOver)
    report.security = security
    report.findings = summary.report
    report.devices = summary.devices.map(FailureReport.Device.init)
    report.stateByteCount = summary.byteCount
    report.downtime = summary.downtime
    report.duration = summary.duration
    return report
  }
}
