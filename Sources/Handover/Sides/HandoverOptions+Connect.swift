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

  /// A connection that the target has taken as the channel of `hello`.
  func connect(_ hello: HandoverMessage.Hello) throws(HandoverError.Cause) -> PeerLink {
    let link = try connect()
    link.expectSoon()
    let target = try link.greet(hello)
    guard target.receivedByteCount == 0 else {
      guard case .message(.failed(let failure)) = try link.receive() else {
        throw .malformed("expected a target that takes the channel, found one that does not say so")
      }
      throw .peer(failure)
    }
    link.expectSoon(false)
    return link
  }
}
