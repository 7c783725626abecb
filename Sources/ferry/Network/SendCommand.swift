import ArgumentParser
import ByteIO
import DeviceServer
import Devices
import Handover
import Migration
import MigrationStream
import Reports
import StreamIO
import Transport

/// `ferry send`: devices to another host.
struct SendCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Hand devices over to a 'ferry receive' on another host.",
    discussion: """
      The target says whether its devices can take these before anything is touched here. Then the \
      state goes over as 'ferry capture' takes it, the target loads it and says so, and this side \
      commits: from then on the devices stay stopped here, and run there. Whatever fails before \
      leaves them running here as before.

      If the connection is lost behind the commit, this side does not know whether the target runs: \
      it says so, keeps the devices stopped and open, and asks until the target answers. Each decision is \
      in a journal first, so that 'send --resolve' can settle what a process that was killed has left; \
      --other-is-dead is the operator's word that the target of one does not run the devices and never will.

      ADDR is unix:PATH or HOST:PORT. With --tls-cert, --tls-key and --tls-ca the connection has TLS 1.3: \
      the target's certificate must be from that authority and have the name of HOST (or --peer-name) in \
      its subject alternative name, exactly, without wildcards. Without TLS nothing protects what passes, so \
      hosts other than this one want --insecure; a tunnel of yours, such as ssh -L, ends at a Unix socket or \
      on this host.

      Exit codes: 1 the target's devices cannot take it; 3 a peer that breaks the protocol, or a \
      damaged journal; 4 a device or the target failed; 5 the connection or the journal; 6 and 7 as \
      everywhere; 8 in doubt who runs the devices.

      Examples:
        ferry send emulated:mtty --to unix:target.sock --check
        ferry send emulated:mtty --to host-b:7000 --tls-cert a.pem --tls-key a.key --tls-ca ca.pem
      """)

  @Argument(help: ArgumentHelp("The devices.", valueName: "device"), completion: .device)
  var devices: [String] = []

  @Option(help: ArgumentHelp("Where the target listens.", valueName: "addr"))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "The name that the target's certificate must have, a DNS name, IP address or URI (default: HOST of --to).",
      valueName: "name"), transform: ProtectionOptions.name)
  var peerName: PeerName?

  @Flag(help: "Only ask whether the target's devices can take these; touch nothing.")
  var check = false

  @Flag(help: "Settle what earlier handovers have left unsettled.")
  var resolve = false

  @Option(
    name: .customLong("handover"),
    help: ArgumentHelp("Settle this one only.", valueName: "uuid"),
    transform: { text in
      guard let uuid = StreamUUID(text) else {
        throw ValidationError("Expected a UUID, as journals and reports have it.")
      }
      return uuid
    })
  var handoverID: StreamUUID?

  @Flag(
    help: "The target of --handover does not run the devices and never will: the operator's word.")
  var otherIsDead = false

  @Option(
    help: ArgumentHelp(
      "Connections that the state goes over, 1 to 16, each coded by a thread of its own; the target may take fewer.",
      valueName: "n"))
  var channels: UInt16 = 1

  @OptionGroup var choices: CaptureChoices

  @OptionGroup var handover: HandoverChoices

  @OptionGroup var coding: CodingOptions

  @Flag(help: "Print JSON (schemas/handover.schema.json).")
  var json = false

  @OptionGroup var trace: TraceOption

  func validate() throws {
    try choices.validate(deviceCount: devices.count)
    guard (1...StreamHeader.channelLimit).contains(channels) else {
      throw ValidationError(
        "Expected --channels of 1 to \(StreamHeader.channelLimit), found \(channels).")
    }
    guard resolve || handoverID == nil else {
      throw ValidationError("--handover goes with --resolve.")
    }
    guard handoverID != nil || !otherIsDead else {
      throw ValidationError(
        "--other-is-dead wants --resolve and --handover: it is about one target.")
    }
    guard resolve == devices.isEmpty else {
      throw ValidationError(
        resolve ? "--resolve takes no devices: the journal names them." : "Expected a device.")
    }
    guard !resolve || !check else {
      throw ValidationError("--resolve and --check exclude each other.")
    }
    guard to != nil || resolve && otherIsDead else {
      throw ValidationError("Expected --to with the address of the target.")
    }
    guard peerName == nil || handover.protection.hasTLS else {
      throw ValidationError("--peer-name wants --tls-cert, --tls-key and --tls-ca.")
    }
  }

  private func options() throws -> HandoverOptions {
    // Without an address nobody is asked.
    let address = try HandoverChoices.address(to ?? "unix:/", of: "--to")
    var options = HandoverOptions(to: address, journals: try handover.journals())
    options.protection = try handover.protection.protection(names: names(of: address))
    options.channelCount = channels
    options.retry = handover.retry.duration
    options.patience = handover.patience.duration
    options.producer = HandoverChoices.producer
    return options
  }

  /// What the target's certificate must be called; nil without TLS, and where nobody is asked.
  private func names(of address: NetworkAddress) throws -> [PeerName]? {
    guard handover.protection.hasTLS, to != nil else { return nil }
    if let peerName { return [peerName] }
    guard case .tcp(let host, _) = address else {
      throw CommandError.usage(
        "expected --peer-name with the name of the target's certificate, for \(address) names no host"
      )
    }
    do throws(PeerName.Malformed) {
      return [try PeerName(parsing: host)]
    } catch {
      throw CommandError.usage("--to \(error)")
    }
  }

  func run() throws {
    if resolve { return try settle() }
    do {
      try send()
    } catch {
      throw DeviceFailure.untouched(error, Array(zip((0 as UInt16)..., devices)))
    }
  }

  private func send() throws {
    let options = try options()
    let open = try OpenDevices(devices, in: trace.kernel())
    let sources = try choices.sources(open)
    try choices.check(open)
    SignalGuard.install()
    let machine = try PausedVM(choices.pause, open.controls)
    let engine = CaptureEngine(
      sources, options: choices.options, information: try .current(), clock: SystemClock())
    let source = HandoverSource(engine, options: options)
    if check {
      try ask(source, open)
    } else {
      try handOver(source, open, machine)
    }
  }

  private func ask(_ source: HandoverSource, _ open: OpenDevices) throws {
    let found: CompatibilityReport
    let permits: Bool
    let security: ConnectionSecurity
    do throws(CaptureError<HandoverError>) {
      (found, permits, security) = try source.check()
    } catch {
      throw failure(error, open, of: source.handover)
    }
    var report = HandoverReport(source.handover, .source, peer: to ?? "", .checked)
    report.security = security
    report.findings = found
    report.isPermitted = permits
    report.devices = zip((0 as UInt16)..., open.devices).map {
      FailureReport.Device($0, name: $1.name, outcome: nil)
    }
    try finish(
      with: report,
      permits
        ? nil : .answer("incompatible", "\(to ?? ""): its devices cannot take these"))
  }

  /// Hands the devices over; whatever is told afterwards, the VM runs on only if they run here.
  private func handOver(
    _ handover: HandoverSource, _ open: OpenDevices, _ vm: PausedVM?
  ) throws {
    var source = handover
    let progress = HandoverProgress("sent", self.handover.progress)
    source.engine.progress = { state in
      progress.show({ state.text }, { state.json })
    }
    let journals = source.options.journals.path
    source.reconnecting = { error in
      StandardError.print("ferry: \(error); connecting anew")
    }
    source.doubted = { error in
      progress.clear()
      StandardError.print(
        "ferry: in doubt who runs the devices: \(error)\n  they stay stopped here, and the target is asked until it "
          + "answers; the journal is in \(journals)")
    }
    let sentAgain = source.engine.byteCountSentAgain
    let offer: HandoverOffer
    do throws(CaptureError<HandoverError>) {
      offer = try source.offer()
    } catch {
      throw failure(error, open, of: source.handover)
    }
    var machine = offer.permits ? vm : nil
    try machine?.pause(choices.pause)
    let result: HandoverSummary
    do {
      if offer.permits { try choices.addGuests(to: &source.engine.sources, open) }
      do throws(CaptureError<HandoverError>) {
        result = try source.run(offer) { window in
          coding.coding(stateSentAgain: sentAgain, standard: .adaptive, windowLimit: window)
        }
      } catch {
        throw failure(error, open, of: source.handover)
      }
    } catch {
      machine?.runOn(choices.pause)
      throw error
    }
    progress.clear()
    var report = HandoverReport(source.handover, .source, peer: to ?? "", .handedOver)
    report.security = offer.security
    report.findings = offer.report
    report.devices = zip((0 as UInt16)..., result.capture.devices).map {
      FailureReport.Device($0, name: $1.name, outcome: $1.outcome)
    }
    report.stateByteCount = result.capture.byteCount
    report.stopCopyByteCount = result.capture.devices.reduce(0) { $0 + $1.stopCopyByteCount }
    report.linkWait = result.linkWait
    report.downtime = result.capture.downtime
    report.duration = result.capture.duration
    var failure: CommandError?
    do {
      try open.save()
    } catch {
      failure = CommandError(error)
    }
    var done = "\(to ?? "") runs the devices"
    switch result.end {
    case .running(let devices): report.peerDevices = devices
    case .inDoubt(let reason):
      report.end = .inDoubt(reason)
      done = "in doubt who runs the devices: 'ferry send --resolve --to \(to ?? "")' settles it"
      failure = CommandError(
        message: done + (failure?.message.map { "; \($0)" } ?? ""), code: 8,
        ErrorDetail("in-doubt", file: to))
    }
    for device in open.devices { device.warnOfConnectionEnd() }
    failure?.devices = report.devices
    do {
      try finish(with: report, failure)
    } catch let lost as StreamIOError {
      // Who runs the devices is not to be told by the report alone.
      throw failure?.adding("; the report is lost: \(CommandError.reason(lost))")
        ?? DeviceFailure.reportLost(lost, done: done, report.devices)
    }
  }

  private func failure(
    _ error: CaptureError<HandoverError>, _ open: OpenDevices, of handover: StreamUUID
  ) -> CommandError {
    var failure = DeviceFailure.capture(error, open.devices) { CommandError($0) }
    failure.partial = ["handover": .string("\(handover)")]
    return error.outcomes.isEmpty ? failure.adding("\n  no device was touched") : failure
  }

  // MARK: Earlier handovers

  private func settle() throws {
    let options = try options()
    var settlement = Settlement(options)
    settlement.isOtherDead = otherIsDead
    SignalGuard.install()
    var report = SettlementReport()
    var entries: [JournalFolder.Entry<SourceDecision>] = []
    for item in try options.journals.unfinished(SourceDecision.self) {
      switch item {
      case .success(let entry):
        if handoverID == nil || entry.handover == handoverID { entries.append(entry) }
      case .failure(let error): report.unreadable.append("\(error)")
      }
    }
    if let handoverID, entries.isEmpty {
      throw CommandError.no(
        "\(options.journals.path): expected an unsettled handover \(handoverID), found none")
    }
    do throws(StreamIOError) {
      try settlement.settle(entries) { (handover) throws(HandoverError) in
        let engine = CaptureEngine([], clock: SystemClock())
        return try HandoverSource(engine, options: options, handover: handover).ask()
      } told: { handover, outcome in
        switch outcome {
        case .success(let outcome): report.outcomes.append((handover, outcome))
        case .failure(let error): report.unreadable.append("\(error)")
        }
      }
    } catch {
      throw CommandError(error)
    }
    var failure: CommandError?
    if report.isInDoubt {
      failure = CommandError(
        message: "not all handovers are settled", code: 8, ErrorDetail("in-doubt", file: to))
    } else if !report.unreadable.isEmpty {
      failure = .damaged("not all journals can be read").about(
        ErrorDetail("journal", file: options.journals.path))
    }
    try finish(with: report, failure)
  }
}
