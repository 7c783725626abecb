import ByteIO
import MigrationStream
import Transport

extension HandoverOptions {
  /// A connection to the target, over which nothing was said.
  func connect() throws(HandoverError.Cause) -> PeerLink {
    do throws(TransportError) {
      return PeerLink(
        try Connection(to: address, protection: protection, patience: patience),
        patience: patience)
    } catch {
      throw .transport(error)
    }
  }
}

/// How the source of a handover joins it with a further connection, or with another in place of one
/// that was lost.
struct ChannelJoin: Sendable {
  let options: HandoverOptions
  /// What it says: the handover, the channel and the secret.
  var hello: HandoverMessage.Hello
  /// Those of all threads, which are ended together.
  let connections: SourceConnections
  /// The digest of the certificate that the target has shown at first; nil without TLS.
  let certificate: [UInt8]?
  /// Told why a connection was lost that another is to take the place of.
  let told: @Sendable (HandoverError) -> Void

  /// A connection that the target has taken as the channel, and the bytes that it has of its
  /// stream.
  func connect() throws(HandoverError.Cause) -> (PeerLink, receivedByteCount: UInt64) {
    let link = try options.connect()
    guard connections.add(link.connection) else { throw .cancelled }
    guard link.connection.peerCertificateDigest == certificate else {
      throw .malformed("expected the certificate that the target has shown at first, found another")
    }
    link.expectSoon()
    let target = try link.greet(hello)
    guard let count = target.receivedByteCount else {
      guard case .message(.failed(let failure)) = try link.receive() else {
        throw .malformed("expected a target that takes the channel, found one that does not say so")
      }
      throw .peer(failure)
    }
    link.expectSoon(false)
    return (link, count)
  }

  /// Whether the handover has not come to its end meanwhile.
  var isWanted: Bool { !connections.areShutDown && !Interruption.isRequested }
}
