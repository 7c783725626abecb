public import SystemPackage

/// Why bytes could not go to a peer or come from it.
public struct TransportError: Error, Sendable, Hashable {
  /// What went wrong.
  public enum Cause: Sendable, Hashable {
    /// The other side has closed the connection, or its host says that it is gone.
    case closed
    /// Nothing moved for this long.
    case stalled(Duration)
    /// A signal asked to give up; see `Interruption`.
    case interrupted
    /// A host's name has no address; the text is the resolver's.
    case unresolved(String)
    /// The address may be used only with TLS or by who asks for it, for what passes is not secret
    /// and not held against change.
    case insecure
    /// There is no TLS with the peer, or no longer.
    case tls(TLSFailure)
    /// A system call failed while attempting something.
    case system(Errno, attempting: String)
  }

  /// The peer, or the address that was to be one.
  public let peer: String
  /// The failure.
  public let cause: Cause

  /// An error about the peer.
  public init(_ peer: String, _ cause: Cause) {
    self.peer = peer
    self.cause = cause
  }
}

extension TransportError: CustomStringConvertible {
  public var description: String {
    switch cause {
    case .closed: "\(peer): the connection ended"
    case .stalled(let time): "\(peer): nothing came or went for \(time.components.seconds) s"
    case .interrupted: "\(peer): interrupted"
    case .unresolved(let text): "\(peer): \(text)"
    case .insecure:
      "\(peer): expected a Unix socket or an address of this host, for the connection has no TLS"
    case .tls(let failure): "\(peer): \(failure)"
    case .system(let errno, let attempt): "\(peer): cannot \(attempt): \(errno)"
    }
  }
}
