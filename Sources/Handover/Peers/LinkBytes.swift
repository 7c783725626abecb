import ByteIO
import StreamIO
import Synchronization
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

/// What went wrong first with the links while a stream went over them, which the stream's own
/// errors cannot say.
final class LinkFailure: Sendable {
  private let first = Mutex<HandoverError.Cause?>(nil)

  var cause: HandoverError.Cause? { first.withLock(\.self) }

  func note(_ cause: HandoverError.Cause) { first.withLock { $0 = $0 ?? cause } }
}

/// The stream that introduces devices, on its way to the peer.
struct LinkSink: ByteSink {
  private let link: PeerLink
  private let failure: LinkFailure
  private var byteCount: UInt64 = 0

  var name: String { link.peer }

  init(_ link: PeerLink, _ failure: LinkFailure) {
    self.link = link
    self.failure = failure
  }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      _ = try link.expectSilence()
      try link.send(.introduction, offset: byteCount, head, body)
      byteCount += UInt64(head.byteCount + body.byteCount)
    } catch {
      let cause = link.lastWords(or: error)
      failure.note(cause)
      throw cause.asStreamError(name)
    }
  }

  mutating func finish() throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try link.send(.introduced(byteCount: byteCount))
    } catch {
      failure.note(error)
      throw error.asStreamError(name)
    }
  }
}

/// A channel's stream on its way to the peer.
struct ChannelSink: ByteSink {
  private let channel: SourceChannel
  private let failure: LinkFailure

  var name: String { channel.link.peer }

  init(_ channel: SourceChannel, _ failure: LinkFailure) {
    self.channel = channel
    self.failure = failure
  }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try channel.send(head, body)
    } catch {
      failure.note(error)
      throw error.asStreamError(name)
    }
  }

  mutating func flush() throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try channel.flush()
    } catch {
      failure.note(error)
      throw error.asStreamError(name)
    }
  }

  mutating func finish() throws(StreamIOError) {
    do throws(HandoverError.Cause) {
      try channel.end()
    } catch {
      failure.note(error)
      throw error.asStreamError(name)
    }
  }
}

/// A stream that comes from the peer, over a channel or as its introduction.
final class LinkSource: ByteSource {
  private let channel: TargetChannel
  private let kind: FrameHeader.Kind
  private let failure: LinkFailure
  private var byteCountSoFar: UInt64 = 0
  /// Whether the peer said that this was all.
  private(set) var isEnded = false

  init(_ channel: TargetChannel, _ kind: FrameHeader.Kind, _ failure: LinkFailure) {
    self.channel = channel
    self.kind = kind
    self.failure = failure
  }

  var name: String { channel.name }
  var byteCount: UInt64? { nil }
  var isReady: Bool { isEnded || channel.link.hasInput }

  func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    do throws(HandoverError.Cause) {
      while !isEnded, span.byteCount > 0 {
        // What was left of a frame of a connection that is replaced comes over the other one.
        if !channel.takeReplacement(), channel.link.streamBytesLeft > 0 {
          guard let count = try channel.readBytes(into: &span) else { continue }
          byteCountSoFar += UInt64(count)
          if kind == .stream { channel.note(byteCount: count) }
          return count
        }
        try next()
      }
      return 0
    } catch {
      failure.note(error)
      throw error.asStreamError(name)
    }
  }

  private func next() throws(HandoverError.Cause) {
    switch try channel.receive() {
    case nil: break
    case .bytes(kind, let offset):
      guard offset == byteCountSoFar else {
        throw .malformed("expected the stream's byte \(byteCountSoFar), found \(offset)")
      }
    case .message(.end(let total)) where kind == .stream,
      .message(.introduced(let total)) where kind == .introduction:
      guard total == byteCountSoFar else {
        throw .malformed("expected a stream of \(total) bytes, found \(byteCountSoFar)")
      }
      isEnded = true
      if kind == .stream { channel.noteEnd() }
    case .message(.abort(let text)): throw .peer(PeerFailure("the source gave it up: \(text)"))
    case .message, .bytes: throw .malformed("expected bytes of the stream, found another message")
    }
  }

  /// Makes sure that the peer says that the stream was all.
  func expectEnd() throws(HandoverError.Cause) {
    while !isEnded {
      guard channel.link.streamBytesLeft == 0 else {
        throw .malformed("expected the stream's end, found more bytes")
      }
      try next()
    }
  }
}
