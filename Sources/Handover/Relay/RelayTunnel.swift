public import StreamIO

/// How a relay uses the tunnel to another one.
public struct RelayTunnel: Sendable {
  /// The connections of the tunnel, which one relay serves for one migration.
  public let links: TunnelLinks
  /// The threads that code what is sent.
  public var threads = ThreadCount.processors
  /// The most time without a sign of the other relay.
  public var patience = Duration.seconds(30)

  /// A tunnel over connections that have greeted each other.
  public init(_ links: TunnelLinks) { self.links = links }

  /// Has `body` relay a migration through the tunnel, and ends both.
  func run(_ body: (Tunnel, RelayState) -> Void) -> RelayedMigration {
    let tunnel = Tunnel(links, threads: threads, patience: patience)
    let state = RelayState { failure in
      // The other relay breaks the migration there, and says why.
      if case .tunnel = failure { return }
      tunnel.abort(failure.text)
    }
    let workers = tunnel.start(
      threads: threads, failed: { state.fail(.tunnel($0)) }, goesOn: { state.hasEnded })
    let heartbeat = Heartbeat(every: patience / 4) { tunnel.beat() }
    body(tunnel, state)
    var migration = state.finished
    withExtendedLifetime(heartbeat) {
      tunnel.finish(workers, isAborted: migration.failure != nil)
    }
    // What the source's connections gave may have been lost on its way, unless the destination has
    // said that it loaded it. Beside the destination, nothing that comes later matters.
    if links.side == .source, migration.hasLoaded != true { migration = state.finished }
    migration.tunnel = tunnel.traffic
    return migration
  }
}
