import ByteIO
import StreamIO
import SystemPackage
import Transport

extension HandoverError.Cause {
  /// The failure as the readers and writers of streams have it.
  func asStreamError(_ peer: String) -> StreamIOError {
    switch self {
    case .transport(let error):
      switch error.cause {
      case .closed: StreamIOError(peer, .system(.connectionReset, attempting: "go on"))
      case .stalled: StreamIOError(peer, .system(.timedOut, attempting: "go on"))
      case .interrupted: StreamIOError(peer, .system(.interrupted, attempting: "go on"))
      case .system(let errno, let attempt):
        StreamIOError(peer, .system(errno, attempting: attempt))
      case .unresolved, .insecure, .tls: StreamIOError(peer, .content("\(error)"))
      }
    case .stream(let error), .journal(let error): error
    case .malformed(let text): StreamIOError(peer, .content(text))
    case .peer(let failure): StreamIOError(peer, .content(failure.text))
    case .version, .refused, .devices, .undone, .cancelled:
      StreamIOError(peer, .content("\(HandoverError(peer, self))"))
    }
  }
}

/// What went wrong with a link while a stream went over it, which the stream's own errors cannot
/// say.
final class LinkFailure {
  var cause: HandoverError.Cause?
}

/// A stream on its way to the peer.
struct LinkSink: ByteSink {
  let link: PeerLink
  let kind: FrameHeader.Kind
  let failure: LinkFailure
  private(set) var byteCount: UInt64 = 0

  var name: String { link.peer }

  init(_ link: PeerLink, _ kind: FrameHeader.Kind, _ failure: LinkFailure) {
    self.link = link
    self.kind = kind
    self.failure = failure
  }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try refuseWords()
      try link.send(kind, offset: byteCount, head, body)
      byteCount += UInt64(head.byteCount + body.byteCount)
    } catch {
      // A peer that ends may have said why.
      var cause = error
      if case .transport = error {
        do throws(HandoverError.Cause) { try refuseWords() } catch { cause = error }
      }
      failure.cause = cause
      throw cause.asStreamError(name)
    }
  }

  /// While a stream goes out, all that the peer can have to say is that it is of no use.
  private func refuseWords() throws(HandoverError.Cause) {
    switch try link.receiveIfReady() {
    case nil: break
    case .message(.failed(let failure)): throw .peer(failure)
    case .message, .bytes: throw .malformed("expected silence or a failure, found another message")
    }
  }

  mutating func finish() throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try link.send(
        kind == .stream ? .end(byteCount: byteCount) : .introduced(byteCount: byteCount))
    } catch {
      failure.cause = error
      throw error.asStreamError(name)
    }
  }
}

/// A stream that comes from the peer.
final class LinkSource: ByteSource {
  private let link: PeerLink
  private let kind: FrameHeader.Kind
  private let failure: LinkFailure
  private var byteCountSoFar: UInt64 = 0
  /// Whether the peer said that this was all.
  private(set) var isEnded = false

  init(_ link: PeerLink, _ kind: FrameHeader.Kind, _ failure: LinkFailure) {
    self.link = link
    self.kind = kind
    self.failure = failure
  }

  var name: String { link.peer }
  var byteCount: UInt64? { nil }
  var isReady: Bool { isEnded || link.hasInput }

  func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    do throws(HandoverError.Cause) {
      while link.streamBytesLeft == 0, !isEnded { try next() }
      return try link.readBytes(into: &span)
    } catch {
      failure.cause = error
      throw error.asStreamError(name)
    }
  }

  private func next() throws(HandoverError.Cause) {
    switch try link.receive() {
    case .bytes(kind, let offset):
      guard offset == byteCountSoFar else {
        throw .malformed("expected the stream's byte \(byteCountSoFar), found \(offset)")
      }
      byteCountSoFar += UInt64(link.streamBytesLeft)
    case .message(.end(let total)) where kind == .stream,
      .message(.introduced(let total)) where kind == .introduction:
      guard total == byteCountSoFar else {
        throw .malformed("expected a stream of \(total) bytes, found \(byteCountSoFar)")
      }
      isEnded = true
    case .message(.abort(let text)): throw .peer(PeerFailure("the source gave it up: \(text)"))
    case .message, .bytes: throw .malformed("expected bytes of the stream, found another message")
    }
  }

  /// Makes sure that the peer says that the stream was all.
  func expectEnd() throws(HandoverError.Cause) {
    while !isEnded {
      guard link.streamBytesLeft == 0 else {
        throw .malformed("expected the stream's end, found more bytes")
      }
      try next()
    }
  }
}
