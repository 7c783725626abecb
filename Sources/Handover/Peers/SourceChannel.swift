import ByteIO
import Transport

/// The source's end of a channel.
final class SourceChannel {
  let link: PeerLink
  private var byteCount: UInt64 = 0

  /// The channel of a connection that the target has taken.
  init(_ link: PeerLink) { self.link = link }

  /// Sends the next bytes of the channel's stream.
  func send(_ head: RawSpan, _ body: RawSpan) throws(HandoverError.Cause) {
    do throws(HandoverError.Cause) {
      if try link.expectSilence() != nil { throw .malformed("it received what was not sent yet") }
      try link.send(.stream, offset: byteCount, head, body)
      byteCount += UInt64(head.byteCount + body.byteCount)
    } catch {
      throw link.lastWords(or: error)
    }
  }

  /// Waits until the target's host has all that was sent.
  func flush() throws(HandoverError.Cause) {
    do throws(TransportError) {
      try link.connection.flush(patience: link.patience * 4)
    } catch {
      throw link.lastWords(or: .transport(error))
    }
  }

  /// Says that this was all, and waits until the target has it.
  func end() throws(HandoverError.Cause) {
    try link.send(.end(byteCount: byteCount))
    switch try link.receive() {
    case .message(.received(byteCount)): return
    case .message(.failed(let failure)): throw .peer(failure)
    case .message, .bytes:
      throw .malformed("expected that \(byteCount) bytes were received, found another message")
    }
  }
}
