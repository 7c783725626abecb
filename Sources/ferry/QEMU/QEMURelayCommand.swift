import ArgumentParser
import ByteIO
import Handover
import PCIConfig
import QEMUStream
import Reports
import StateTranslation
import Transport
import VirtualPCI

/// `ferry qemu relay`.
struct QEMURelayCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Pass a live migration on from one QEMU to another, and look after its VFIO devices.",
    discussion: """
      The source migrates to --listen, the destination listens at --to; multifd channels and the return path pass \
      too. Without --local and --profile everything passes as it comes, and the report says what it was.

      With one of them, the configuration record of each VFIO device (or of --device) is held against the \
      destination's device before QEMU sees it. What differs goes on as the destination has it where no guest goes \
      by the old value: bits that the profile leaves to the device, the state of a link, errors that were noted; \
      the whole list is in the documentation (Relay). Whatever else QEMU would refuse is refused here, by breaking \
      the migration: the source runs on. For that it needs QEMU's return path (the capability return-path, which \
      libvirt sets). --profile alone takes the profile's own space for the destination's; with --local it only \
      adds what is the device's.

      A guest can write what looks like the end of a section into a device's buffer. So the end of the stream is \
      kept back until the stream's description, which comes last, has confirmed every section that a footer ended; \
      --trust-footers goes without that.

      --translate turns the state of a device into another layout, or for another target: all of it is kept until \
      the VM stands still (at most --spool), and goes on translated, or the migration is refused. The report's \
      downtime has that time. Device state in multifd channels is refused then.

      --source judges the device's space at the source before anybody may connect. --check changes and refuses \
      nothing, and exits with 1 if it would have refused.

      With --tunnel two relays pass the migration over the network, one beside each QEMU: all of QEMU's connections go \
      over --channels connections of theirs, with TLS 1.3 if --tls-cert, --tls-key and --tls-ca are given to both, and \
      compressed as far as that makes them faster. --tunnel listen is beside the destination and starts first, \
      --tunnel to beside the source; devices can be looked after on either. Both sides show certificates, whose names are \
      held against --allow-peer, and against --peer-name or the host of --to. The report says what was the limit.

      ADDR is unix:PATH or HOST:PORT. Without TLS other hosts than this one want --insecure, for nothing protects \
      what passes; a QEMU has no TLS here, and stands on the relay's host unless --insecure is given.

      Exit codes: 1 refused; 3 a stream that breaks the format; 4 the destination did not load it, or the other relay \
      broke it; 5 a connection.

      Examples:
        ferry qemu relay --listen unix:relay.sock --to unix:target.sock --local target.config
        ferry qemu relay --tunnel listen --listen 0.0.0.0:7000 --to unix:target.sock \\
          --tls-cert b.pem --tls-key b.key --tls-ca ca.pem --allow-peer host-a
        ferry qemu relay --tunnel to --listen unix:relay.sock --to host-b:7000 --channels 4 \\
          --tls-cert a.pem --tls-key a.key --tls-ca ca.pem
      """)

  @Option(help: ArgumentHelp("Where the source's QEMU migrates to.", valueName: "addr"))
  var listen: String

  @Option(help: ArgumentHelp("Where the destination's QEMU listens.", valueName: "addr"))
  var to: String

  @Option(
    help: ArgumentHelp(
      "The space of the destination's device, as 'ferry pci diff' takes it.", valueName: "space"),
    completion: .deviceOrFile)
  var local: String?

  @Option(
    help: ArgumentHelp("The profile that guests are shown.", valueName: "profile"),
    completion: .profile)
  var profile: String?

  @Option(
    help: ArgumentHelp(
      "The space of the source's device, judged before a migration begins.", valueName: "space"),
    completion: .deviceOrFile)
  var source: String?

  @Option(
    help: ArgumentHelp(
      "Only this device, by the name of its sections, such as 0000:00:01.0/vfio.",
      valueName: "id"))
  var device: String?

  @Option(
    help: ArgumentHelp("Only this device of a dump of several, for --local.", valueName: "slot"))
  var slot: String?

  @Option(
    name: .customLong("translate"),
    help: ArgumentHelp(
      "Turn the state of devices into this layout, as 'ferry translate --to'.",
      valueName: "layout"), completion: .layoutName)
  var layout: String?

  @Option(
    help: ArgumentHelp(
      "The layout of the state, where its content does not say.", valueName: "layout"),
    completion: .layoutName)
  var from: String?

  @Option(
    help: ArgumentHelp(
      "What is known of the destination's device, for --translate.", valueName: "facts or device"),
    completion: .deviceOrFile)
  var target: String?

  @Option(
    help: ArgumentHelp(
      "What is known of the source's device, for --translate.", valueName: "facts or device"),
    completion: .deviceOrFile)
  var sourceFacts: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A loss of the translation to accept.", valueName: "name"),
    completion: .loss, transform: TranslateCommand.loss)
  var allow: [TranslationLoss] = []

  @Option(
    help: ArgumentHelp("The most bytes of state to keep for --translate.", valueName: "size"))
  var spool = ByteSize(256 << 20)

  @Flag(help: "Change and refuse nothing, and say what would have been done.")
  var check = false

  @Flag(help: "Take ends of sections that only footers told.")
  var trustFooters = false

  @Flag(help: "Print JSON (schemas/qemu-relay.schema.json).")
  var json = false

  @OptionGroup var tunnel: TunnelOptions
  @OptionGroup var load: LoadOptions
  @OptionGroup var trace: TraceOption

  func validate() throws {
    guard local != nil || profile != nil || source == nil && load.isEmpty else {
      throw ValidationError(
        "Expected --local or --profile with --source, --machine, --qemu and --bar.")
    }
    guard local != nil || profile != nil || layout != nil || device == nil else {
      throw ValidationError("Expected --local, --profile or --translate with --device.")
    }
    guard layout != nil || from == nil && target == nil && sourceFacts == nil && allow.isEmpty
    else {
      throw ValidationError(
        "Expected --translate with --from, --target, --source-facts and --allow.")
    }
    guard spool.byteCount <= 16 << 30 else {
      throw ValidationError("Expected a --spool of at most 16 GiB, found \(spool).")
    }
    guard local != nil || slot == nil else { throw ValidationError("--slot goes with --local.") }
  }

  func run() throws {
    let listenAddress = try HandoverChoices.address(listen, of: "--listen")
    var relay = QEMURelay(to: try HandoverChoices.address(to, of: "--to"))
    let unprotected: Protection = tunnel.protection.insecure ? .none : .thisHostOnly
    relay.protection = unprotected
    relay.isObserving = check
    relay.trustsFooters = trustFooters
    relay.device = device
    relay.judge = try judge()
    relay.translation = try translation()
    SignalGuard.install()
    let migration: RelayedMigration
    switch tunnel.tunnel {
    case nil: migration = relay.run(try listener(at: listenAddress, unprotected))
    case .to:
      let way = try tunnel.connect(to: relay.destination)
      StandardError.print("ferry: \(to): the other relay is there")
      migration = relay.run(try listener(at: listenAddress, unprotected), into: way)
    case .listen:
      let listening = try listener(at: listenAddress, try tunnel.listeningProtection())
      if let authority = tunnel.openAuthority {
        StandardError.print(
          "ferry: whoever holds a certificate of \(authority) may migrate to \(to); --allow-peer names those who may"
        )
      }
      let way = try tunnel.accept(listening)
      StandardError.print("ferry: \(listening.address): the other relay is there")
      migration = relay.run(listening, outOf: way)
    }
    let report = RelayReport(migration, isJudged: relay.judge != nil || layout != nil)
    try finish(with: report, failure(migration, report))
  }

  private func listener(
    at address: NetworkAddress, _ protection: Protection
  ) throws -> Listener {
    let listener: Listener
    do throws(TransportError) {
      listener = try Listener(at: address, protection: protection)
    } catch {
      throw CommandError(error, offersTLS: tunnel.tunnel == .listen)
    }
    StandardError.print("ferry: \(listener.address): listening")
    return listener
  }

  private func translation() throws -> RelayedTranslation? {
    guard let layout else { return nil }
    let kernel = try trace.kernel()
    var translator = Translator(
      for: try target.map { try FactFiles.facts($0, in: kernel) } ?? DeviceFacts())
    translator.source = try sourceFacts.map { try FactFiles.facts($0, in: kernel) } ?? DeviceFacts()
    translator.allowed = Set(allow)
    var translation = RelayedTranslation(
      translator, from: try from.map { try LayoutFiles.layout($0, option: "--from") },
      to: try LayoutFiles.layout(layout, option: "--translate"))
    translation.spoolByteCount = Int(spool.byteCount)
    return translation
  }

  /// What the destination's device is, if it is known; the source's is held against it at once.
  private func judge() throws -> RecordJudge? {
    let layout = try profile.map { try ProfileFiles.layout($0) }
    let kernel = try trace.kernel()
    var target = try local.map { try SpaceInput.device($0, at: slot, in: kernel) }
    if target == nil, let layout {
      target = DumpedDevice(
        address: nil, title: layout.profile.name, line: nil,
        space: try SpaceInput.reportingFailures(in: profile ?? "") {
          try ConfigSpace(layout.synthesized)
        },
        barSizes: Dictionary(
          layout.profile.bars.filter { !$0.isAssumed }.map { ($0.index, $0.size) },
          uniquingKeysWith: { $1 }))
    }
    guard let target else { return nil }
    let source = try self.source.map { try SpaceInput.device($0, at: nil, in: kernel) }
    try load.requireBARs(
      of: target.space, in: local ?? profile ?? "", source: source?.space, in: self.source ?? "")
    let judge = RecordJudge(
      local: target.space, deviceBits: layout?.image.device ?? [],
      conditions: load.conditions(.assigned, stream: source, local: target))
    if let source { try require(source.space, by: judge) }
    return judge
  }

  /// Refuses a source's device that the destination's cannot stand for.
  private func require(_ space: ConfigSpace, by judge: RecordJudge) throws {
    let name = source ?? ""
    let judgement = try SpaceInput.reportingFailures(in: name) { try judge.judge(space) }
    let reasons = judgement.reasons.map { "\n  \($0)" }.joined()
    switch judgement.verdict {
    case .accepted, .relaid: break
    case .unknown:
      StandardError.print(
        TerminalText.lines("ferry: \(name): not known whether it fits the destination\(reasons)"))
    case .refused where check:
      StandardError.print(
        TerminalText.lines("ferry: \(name): would be refused\(reasons)"))
    case .refused:
      throw CommandError.no(
        TerminalText.lines("\(name): the destination's device does not fit it\(reasons)"))
    }
  }

  private func failure(_ migration: RelayedMigration, _ report: RelayReport) -> CommandError? {
    switch migration.failure {
    case .stream(let error):
      let isDamage = [.malformed, .torn, .notAStream].contains(error.code)
      let text = TerminalText.text("\(listen): the migration was broken: \(error)")
      return (isDamage ? CommandError.damaged(text) : .no(text))
        .about(ErrorDetail(error, file: listen))
    case .transport(let error):
      if let signal = SignalGuard.signal {
        return .signal(signal, "ended by a signal; the migration was broken")
      }
      return CommandError(error, offersTLS: false)
    case .tunnel(let error):
      return CommandError(error).adding("; the migration was broken")
    case .noThread: return .input("the system has no further thread")
    case nil: break
    }
    if report.end == .failed {
      return .device("\(to): the migration did not come to its end there").about(
        ErrorDetail("peer", file: to))
    }
    return report.isPermitted
      ? nil : .answer("refused", "\(listen): the migration would have been refused")
  }
}
