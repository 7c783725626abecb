import ArgumentParser
import Handover
import Reports
import StreamIO
import Transport

/// How a relay has a tunnel to another one, which stands beside the other QEMU.
struct TunnelOptions: ParsableArguments {
  /// The side of a tunnel.
  enum Side: String, ExpressibleByArgument, CaseIterable {
    case to
    case listen
  }

  @Option(
    help: ArgumentHelp(
      "to: --to is the relay beside the destination's QEMU; listen: --listen is where the one beside the source's comes.",
      valueName: "side"))
  var tunnel: Side?

  @Option(
    help: ArgumentHelp("Connections of a tunnel, 1 to 16 (default: 1).", valueName: "n"))
  var channels: Int?

  @Option(
    help: ArgumentHelp(
      "Threads that code what a tunnel sends, 1 to 256 (default: one for each processor).",
      valueName: "n"))
  var threads: ThreadCount?

  @Option(
    help: ArgumentHelp(
      "The name that the certificate of the relay at --to must have, a DNS name, IP address or URI (default: HOST of --to).",
      valueName: "name"), transform: ProtectionOptions.name)
  var peerName: PeerName?

  @Option(
    help: ArgumentHelp(
      "A name that the certificate of the relay that comes to --listen may have; may be repeated (default: any of the authority's).",
      valueName: "name"), transform: ProtectionOptions.name)
  var allowPeer: [PeerName] = []

  @OptionGroup var protection: ProtectionOptions

  func validate() throws {
    guard tunnel != nil || !protection.hasTLS && threads == nil else {
      throw ValidationError("--tls-cert, --tls-key, --tls-ca and --threads go with --tunnel.")
    }
    guard tunnel == .to || channels == nil && peerName == nil else {
      throw ValidationError("--channels and --peer-name go with --tunnel to.")
    }
    guard tunnel == .listen || allowPeer.isEmpty else {
      throw ValidationError("--allow-peer goes with --tunnel listen.")
    }
    guard protection.hasTLS || peerName == nil && allowPeer.isEmpty else {
      throw ValidationError(
        "--peer-name and --allow-peer want --tls-cert, --tls-key and --tls-ca.")
    }
    let channels = channels ?? 1
    guard TunnelHello.connectionRange.contains(channels) else {
      throw ValidationError(
        "Expected --channels of 1 to \(TunnelHello.connectionRange.upperBound), found \(channels).")
    }
  }

  /// Makes the tunnel to the relay at `address`.
  func connect(to address: NetworkAddress) throws -> RelayTunnel {
    let names = try protection.hasTLS ? [name(of: address)] : nil
    let protection = try protection.protection(names: names)
    do throws(TunnelError) {
      return relayTunnel(
        try TunnelLinks.connect(to: address, count: channels ?? 1, protection: protection))
    } catch {
      throw CommandError(error)
    }
  }

  /// Waits at `listener` for the relay beside the source's QEMU.
  func accept(_ listener: borrowing Listener) throws -> RelayTunnel {
    do throws(TunnelError) {
      return relayTunnel(
        try TunnelLinks.accept(listener) {
          StandardError.print(TerminalText.text("ferry: refused: \($0)"))
        })
    } catch {
      throw CommandError(error)
    }
  }

  private func relayTunnel(_ links: TunnelLinks) -> RelayTunnel {
    var tunnel = RelayTunnel(links)
    tunnel.threads = threads ?? .processors
    return tunnel
  }

  /// How what comes to --listen is protected.
  func listeningProtection() throws -> Protection {
    try protection.protection(names: allowPeer.isEmpty ? nil : allowPeer)
  }

  /// The authority of whose certificates any will do beside the destination; nil if names were
  /// given, or there is no TLS.
  var openAuthority: String? { allowPeer.isEmpty ? protection.tlsCa : nil }

  private func name(of address: NetworkAddress) throws -> PeerName {
    if let peerName { return peerName }
    guard case .tcp(let host, _) = address else {
      throw CommandError.usage(
        "expected --peer-name with the name of the other relay's certificate, for \(address) names no host"
      )
    }
    do throws(PeerName.Malformed) {
      return try PeerName(parsing: host)
    } catch {
      throw CommandError.usage("--to \(error)")
    }
  }
}

extension CommandError {
  /// The end of a relay whose tunnel failed.
  init(_ error: TunnelError) {
    if let signal = SignalGuard.signal {
      self = .signal(signal, "ended by a signal")
      return
    }
    let text = TerminalText.text("\(error)")
    switch error.cause {
    case .transport(let cause):
      let failure = CommandError(cause)
      self.init(
        message: failure.message.map { "the tunnel: \($0)" } ?? text, code: failure.code,
        failure.detail)
    case .malformed(_, let offset, let expected, let found):
      var detail = ErrorDetail("malformed", file: error.peer)
      (detail.offset, detail.expected, detail.found) = (offset, expected, found)
      self = .damaged(text).about(detail)
    case .version: self = .no(text).about(ErrorDetail("version", file: error.peer))
    case .peer: self = .device(text).about(ErrorDetail("peer", file: error.peer))
    case .noThread: self = .input(text)
    }
  }
}
