import ByteIO
private import PCIConfig
public import QEMUStream
import StreamIO
public import Transport

/// A relay between two QEMUs, for one live migration: every connection of the source gets one to
/// the destination.
///
/// Without a judge everything passes as it comes, and is looked at. With one, each configuration
/// record is held against the destination before QEMU sees it; a refusal breaks all connections, so
/// that the destination does not come to run, and the source learns it by QEMU's return path and
/// runs on.
public struct QEMURelay: Sendable {
  // The main channel, 255 for multifd, one for post-copy; the rest is no migration.
  private static let mostConnections = 300

  /// Where the destination's QEMU listens.
  public var destination: NetworkAddress
  /// How the connections to it are protected.
  public var protection = Protection.thisHostOnly
  /// Holds records against the destination's device; nil looks only at what passes.
  public var judge: RecordJudge?
  /// Translates the state of devices; nil leaves it as it is.
  public var translation: RelayedTranslation?
  /// The only device that is judged and translated, by the name of its sections; nil is every VFIO
  /// device.
  public var device: String?
  /// Whether nothing is changed and nothing refused, whatever the judge finds.
  public var isObserving = false
  /// Whether ends of sections that only footers told are taken as they are.
  public var trustsFooters = false
  /// How long the destination may take to accept a connection, a stream that is kept back to go on,
  /// and a channel to end when the migration has.
  public var patience = Duration.seconds(10)

  /// A relay to who listens at `destination`.
  public init(to destination: NetworkAddress) {
    self.destination = destination
  }

  /// Relays the migration of the first source that connects, to its end.
  public func run(_ listener: borrowing Listener) -> RelayedMigration {
    let state = RelayState()
    relay(state) { () throws(TransportError) in
      guard let source = try accept(listener, state) else { return nil }
      return RelayedPair(source: source, target: try connect())
    }
    return state.finished
  }

  /// The same through a tunnel whose other relay stands beside the destination.
  public func run(
    _ listener: borrowing Listener, into tunnel: RelayTunnel
  ) -> RelayedMigration {
    tunnel.run { (tunnel, state) in
      relay(state) { () throws(TransportError) in
        guard let source = try accept(listener, state), let target = tunnel.open() else {
          return nil
        }
        return RelayedPair(source: source, target: target)
      }
    }
  }

  /// The same through a tunnel whose other relay stands beside the source, and has made its
  /// connections at `listener`: whoever else connects there is refused.
  public func run(
    _ listener: borrowing Listener, outOf tunnel: RelayTunnel
  ) -> RelayedMigration {
    tunnel.run { (tunnel, state) in
      relay(state) { () throws(TransportError) in
        if let other = try? listener.accept(until: .now + .milliseconds(1)) {
          TunnelLinks.refuse(other)
        }
        guard let source = tunnel.accept(patience: .milliseconds(100)) else { return nil }
        return RelayedPair(source: source, target: try connect())
      }
    }
  }

  /// Relays the pairs that `next` gives to the end of the migration; it gives nil if none came in a
  /// while.
  private func relay(
    _ state: RelayState, _ next: () throws(TransportError) -> RelayedPair?
  ) {
    var workers: [WorkerThread] = []
    do throws(TransportError) {
      while !state.isOver {
        guard let pair = try next() else { continue }
        guard workers.count < 2 * Self.mostConnections else {
          pair.source.shutDown()
          pair.target.shutDown()
          continue
        }
        workers += start(pair, state)
      }
    } catch {
      state.fail(.transport(error))
    }
    for worker in workers { worker.join() }
  }

  private func connect() throws(TransportError) -> Connection {
    try Connection(to: destination, protection: protection, patience: patience)
  }

  private func accept(
    _ listener: borrowing Listener, _ state: RelayState
  ) throws(TransportError) -> Connection? {
    do throws(TransportError) {
      return try listener.accept(until: .now + .milliseconds(100))
    } catch {
      // The destination may run by now, and the source must not learn of a broken connection.
      guard error.cause == .interrupted, state.hasEnded else { throw error }
      SystemClock().sleep(for: .milliseconds(100))
      return nil
    }
  }

  private func start(_ pair: RelayedPair, _ state: RelayState) -> [WorkerThread] {
    state.add(pair)
    var workers: [WorkerThread] = []
    let directions: [@Sendable () -> Void] = [
      { forward(pair, state) }, { backward(pair, state) },
    ]
    for body in directions {
      guard
        let worker = WorkerThread({
          body()
          state.directionEnded(of: pair)
        })
      else {
        state.fail(.noThread)
        state.directionEnded(of: pair)
        continue
      }
      workers.append(worker)
    }
    return workers
  }

  // MARK: To the destination

  private func forward(_ pair: RelayedPair, _ state: RelayState) {
    do throws(QEMUTransferError<TransportError, TransportError>) {
      guard let first = try firstByte(of: pair, state) else {
        pair.target.endOutput()
        return
      }
      let channel = RelayedChannel(firstByte: first)
      let isFirst = state.add(channel)
      let source = RelayedSource(pair.source, first: first, channel: channel, patience, state)
      let sink = RelayedSink(pair.target, state)
      let rules = rules(state)
      switch channel {
      case .main where isFirst:
        defer { state.mainEnded() }
        try MainChannelRelay(source, sink, rules: rules).run()
      case .multifd:
        try MultifdChannelRelay(source, sink, rules: rules).run { state.machine }
      case .main, .opaque:
        try passUnseen(source, sink, first, rules, channel)
      }
    } catch {
      switch error {
      case .stream(let cause): state.fail(.stream(cause))
      case .source(let cause) where cause.cause == .stalled(patience) && state.isHolding:
        state.fail(.stream(.withoutDescription))
      case .source(let cause), .sink(let cause): state.fail(.transport(cause))
      }
    }
  }

  private func firstByte(
    of pair: RelayedPair, _ state: RelayState
  ) throws(QEMUTransferError<TransportError, TransportError>) -> UInt8? {
    var source = RelayedSource(pair.source, first: nil, channel: .opaque, patience, state)
    var buffer = ByteBuffer(capacity: 1)
    do throws(TransportError) {
      try source.read(into: &buffer, upTo: 1)
    } catch {
      throw .source(error)
    }
    return buffer.count == 1 ? buffer.bytes[byte: 0] : nil
  }

  /// Passes on what cannot be looked into, or refuses it where devices are guarded.
  private func passUnseen(
    _ source: consuming RelayedSource, _ sink: consuming RelayedSink, _ first: UInt8,
    _ rules: RelayRules, _ channel: RelayedChannel
  ) throws(QEMUTransferError<TransportError, TransportError>) {
    // A record of TLS begins with its type, 22 for a handshake (RFC 8446, 5.1).
    let isTLS = first == 22
    if channel == .opaque { rules.note(.form(isTLS ? .tls : .unknown)) }
    do throws(QEMUStreamError) {
      try rules.object(
        QEMUStreamError(
          .unsupported, at: 0, expected: "one main channel of a migration, or a multifd channel",
          found: isTLS
            ? "QEMU's own TLS" : channel == .main ? "a second main channel" : "other bytes"))
    } catch {
      throw .stream(error)
    }
    do throws(RelayedCopy.Failure) {
      try RelayedCopy.run(&source, &sink) { _ in }
    } catch {
      switch error {
      case .source(let cause): throw .source(cause)
      case .sink(let cause): throw .sink(cause)
      }
    }
  }

  private func rules(_ state: RelayState) -> RelayRules {
    var rules = RelayRules { state.note($0) }
    rules.isObserving = isObserving
    rules.trustsFooters = trustsFooters
    rules.device = device
    if let judge {
      rules.judge = { (name, record, machine) throws(QEMUStreamError) in
        do {
          let judgement = try judge.judge(ConfigSpace(record.space), machine: machine)
          state.add(judgement, of: name)
          return judgement
        } catch {
          throw QEMUStreamError(
            .malformed, at: 0, section: name.name, expected: "a configuration space",
            found: "\(error)")
        }
      }
    }
    if let translation {
      rules.spoolByteCount = translation.spoolByteCount
      rules.translate = { (name, bytes) throws(QEMUStreamError) in
        try translation.translate(bytes, of: name) { state.add($0, of: name) }
      }
    }
    return rules
  }

  // MARK: To the source

  private func backward(_ pair: RelayedPair, _ state: RelayState) {
    var source = RelayedSource(pair.target, first: nil, channel: nil, patience, state)
    var sink = RelayedSink(pair.source, state, isReturning: true)
    var scanner = ReturnPathScanner()
    do throws(RelayedCopy.Failure) {
      try RelayedCopy.run(&source, &sink) { bytes in
        scanner.scan(bytes)
        if let hasLoaded = scanner.hasLoaded { state.loaded(hasLoaded) }
      }
    } catch {
      // Who cannot be told has gone, which the other direction finds out.
      pair.source.endOutput()
    }
  }
}

extension QEMUStreamError {
  /// Of a stream that is kept back, and does not go on.
  fileprivate static var withoutDescription: QEMUStreamError {
    QEMUStreamError(
      .unconfirmed, at: 0,
      expected: "the stream's description, which confirms the ends of its sections",
      found: "silence; a source that writes none (suppress-vmdesc) wants --trust-footers")
  }
}
