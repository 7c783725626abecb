/// How the bytes of a connection are kept from others.
public enum Protection: Sendable {
  /// Not at all: only peers on this host will do, at Unix sockets and loopback addresses.
  case thisHostOnly
  /// Not at all, and any host will do.
  case none
  /// TLS 1.3, in which both sides show certificates. The peer's must have one of `names`; with nil
  /// every certificate of the authority will do.
  case tls(TLSCredentials, names: [PeerName]?)

  /// Whether peers on other hosts will do.
  var isForOtherHosts: Bool {
    if case .thisHostOnly = self { false } else { true }
  }
}

/// How a connection is protected, as agreed with the peer.
public enum ConnectionSecurity: Sendable, Hashable {
  /// Not at all.
  case none
  /// By TLS 1.3, with a peer whose certificate has these names.
  case tls13(peerNames: [PeerName])
}
