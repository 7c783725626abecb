public import Transport

/// Why a tunnel between two relays could not be made, or came to its end too early.
public struct TunnelError: Error, Sendable, Hashable {
  /// What went wrong.
  public enum Cause: Sendable, Hashable {
    /// A connection failed.
    case transport(TransportError)
    /// What came does not keep to the protocol; `offset` counts the bytes of that connection.
    case malformed(connection: Int, offset: UInt64, expected: String, found: String)
    /// The other relay speaks no version of the protocol that is spoken here.
    case version(lowest: UInt16, highest: UInt16)
    /// The other relay has ended it; its words.
    case peer(String)
    /// The system has no further thread.
    case noThread
  }

  /// The other relay.
  public let peer: String
  /// The failure.
  public let cause: Cause

  init(_ peer: String, _ cause: Cause) {
    self.peer = peer
    self.cause = cause
  }
}

extension TunnelError: CustomStringConvertible {
  public var description: String {
    switch cause {
    case .transport(let error): "the tunnel: \(error)"
    case .malformed(let connection, let offset, let expected, let found):
      "\(peer): connection \(connection) of the tunnel, byte \(offset): expected \(expected), "
        + "found \(found)"
    case .version(let lowest, let highest):
      "\(peer): expected version \(TunnelHello.version) of the tunnel's protocol, found "
        + (lowest == highest ? "\(lowest)" : "\(lowest) to \(highest)")
    case .peer(let text): "\(peer): the relay there has ended it: \(text)"
    case .noThread: "the system has no further thread"
    }
  }
}

/// A field of the tunnel's protocol that cannot be.
public struct TunnelDamage: Error, Sendable, Hashable {
  /// What a peer that keeps to the protocol would have sent.
  public let expected: String
  /// What came.
  public let found: String
  /// Whether nothing is wrong but that the connection has ended there.
  var isCut = false

  init(expected: String, found: String, isCut: Bool = false) {
    self.expected = expected
    self.found = found
    self.isCut = isCut
  }
}
