#if TLS
  import ByteIO
  import NIOCore
  import NIOSSL
  import NIOTLS
  import Synchronization

  // ByteIO has one too.
  private typealias ByteBuffer = NIOCore.ByteBuffer

  /// The TLS of one connection without its I/O: what came from the peer goes in, what is to go to
  /// it comes out, and any thread may call.
  final class TLSSession: Sendable {
    /// A side of a handshake.
    enum Role {
      case client(host: String?)
      case server
    }

    private let state: Mutex<State>
    // What came last from the peer's host, and what is going there. Each is held while its bytes
    // move, and the state only while they are decrypted or encrypted.
    private let input = Mutex(ByteBuffer())
    private let output = Mutex(ByteBuffer())

    private struct State {
      let channel: TLSChannel
      let events: TLSEvents
      // What is to be encrypted, in memory that is used again.
      var plain = ByteBuffer()
    }

    /// Begins a handshake. A peer that has none of `names`, if there are any to have, is refused.
    init(_ role: Role, _ credentials: TLSCredentials, names: [PeerName]?) throws(TLSFailure) {
      let verification = PeerVerification(credentials, names: names)
      let events = TLSEvents(verification)
      let channel = TLSChannel()
      do {
        let handler = try verification.handler(role, credentials.context)
        try channel.begin([handler, events])
      } catch {
        channel.end()
        throw .handshake(expected: "a TLS session", found: "\(error)")
      }
      state = Mutex(State(channel: channel, events: events))
    }

    deinit { state.withLock { $0.channel.end() } }

    /// The names of the peer once the handshake is done; nil before.
    var peerNames: [PeerName]? { state.withLock { $0.events.peerNames } }

    /// The SHA-256 of the peer's certificate once the handshake is done; nil before.
    var certificateDigest: [UInt8]? { state.withLock { $0.events.certificateDigest } }

    /// Why there is no session, or none any longer.
    var failure: TLSFailure? { state.withLock { $0.events.failure } }

    /// Whether ``read(into:)`` has something to say.
    var hasInput: Bool { state.withLock { $0.events.hasInput } }

    /// Takes in what `receive` puts into the memory that it is given: it returns the count of
    /// bytes, 0 if nothing more can come, and nil if nothing has come. Returns whether something
    /// has.
    @discardableResult
    func fill<Failure: Error>(
      _ receive: (inout MutableRawSpan) throws(Failure) -> Int?
    ) throws(Failure) -> Bool {
      try input.withLock { buffer throws(Failure) in try fill(&buffer, receive) }
    }

    /// The same, unless another thread is at it.
    func fillIfFree(_ receive: (inout MutableRawSpan) -> Int?) -> Bool {
      input.withLockIfAvailable { fill(&$0, receive) } ?? false
    }

    private func fill<Failure: Error>(
      _ buffer: inout ByteBuffer,
      _ receive: (inout MutableRawSpan) throws(Failure) -> Int?
    ) throws(Failure) -> Bool {
      buffer.clear()
      var received: Int?
      _ = try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceByteCount) {
        (memory) throws(Failure) in
        // SAFETY: the span is used inside the closure only.
        var span = unsafe MutableRawSpan(_unsafeBytes: memory)
        received = try receive(&span)
        return received ?? 0
      }
      guard let received else { return false }
      let bytes = buffer
      state.withLock { state in
        if received == 0 {
          state.events.cut()
        } else if state.events.isOpen {
          state.channel.take(bytes)
        }
      }
      return received > 0
    }

    /// Reads what the peer has said into the front of `span`: the count of bytes, 0 at its end, and
    /// nil if nothing more has come yet.
    func read(into span: inout MutableRawSpan) throws(TLSFailure) -> Int? {
      try state.withLock { state throws(TLSFailure) in try state.events.read(into: &span) }
    }

    /// Encrypts bytes for the peer: of `head` and then of `body` at most a piece from `offset` on.
    /// Returns how many.
    func write(_ head: RawSpan, _ body: RawSpan, from offset: Int) throws(TLSFailure) -> Int {
      try state.withLock { state throws(TLSFailure) in
        if let failure = state.events.failure { throw failure }
        // The channel must not find the memory shared with this.
        var plain = state.plain
        state.plain = ByteBuffer()
        plain.clear()
        if offset < head.byteCount {
          let end = min(head.byteCount, offset + Self.pieceByteCount)
          plain.writeBytes(head.extracting(offset..<end))
        }
        let start = max(0, offset - head.byteCount)
        let end = min(body.byteCount, start + Self.pieceByteCount - plain.readableBytes)
        plain.writeBytes(body.extracting(start..<end))
        state.channel.send(plain)
        let count = plain.readableBytes
        state.plain = plain
        return count
      }
    }

    /// Says that nothing more will be sent.
    func endOutput() { state.withLock { $0.channel.endOutput() } }

    /// Has `send` send what there is for the peer's host: it returns how many bytes it took, and
    /// nil if it takes nothing now, which ends this.
    func flush<Failure: Error>(
      _ send: (RawSpan) throws(Failure) -> Int?
    ) throws(Failure) {
      try output.withLock { rest throws(Failure) in try flush(&rest, send) }
    }

    /// The same, unless another thread is at it.
    func flushIfFree(_ send: (RawSpan) -> Int?) {
      output.withLockIfAvailable { flush(&$0, send) }
    }

    private func flush<Failure: Error>(
      _ rest: inout ByteBuffer, _ send: (RawSpan) throws(Failure) -> Int?
    ) throws(Failure) {
      while true {
        if rest.readableBytes == 0 {
          // Without this reference, its memory is used again.
          rest = ByteBuffer()
          guard let next = state.withLock({ $0.channel.nextOutput() }) else { return }
          rest = next
        }
        guard let count = try send(rest.readableBytesSpan) else { return }
        rest.moveReaderIndex(forwardBy: count)
      }
    }

    // Small enough for a processor's cache, and large enough for few system calls.
    private static let pieceByteCount = 65536
  }

  /// What comes out of the TLS of a connection: the peer's bytes, its end, and what went wrong.
  private final class TLSEvents: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let verification: PeerVerification
    private var input = CircularBuffer<ByteBuffer>()
    private var isEnded = false
    private(set) var failure: TLSFailure?
    private(set) var peerNames: [PeerName]?
    private(set) var certificateDigest: [UInt8]?

    init(_ verification: PeerVerification) { self.verification = verification }

    /// Whether the peer's bytes still mean something.
    var isOpen: Bool { !isEnded && failure == nil }

    var hasInput: Bool { !input.isEmpty || !isOpen }

    func fail(_ failure: TLSFailure) { if isOpen { self.failure = failure } }

    /// Nothing more comes, though the peer has not ended.
    func cut() {
      fail(
        peerNames != nil
          ? .cut
          : .handshake(
            expected: "a TLS handshake", found: "the connection's end: the peer may have no TLS"))
    }

    func read(into span: inout MutableRawSpan) throws(TLSFailure) -> Int? {
      guard let next = input.first else {
        if let failure { throw failure }
        return isEnded ? 0 : nil
      }
      let amount = min(next.readableBytes, span.byteCount)
      span.copy(next.readableBytesSpan.extracting(0..<amount))
      if amount == next.readableBytes {
        input.removeFirst()
      } else {
        input[input.startIndex].moveReaderIndex(forwardBy: amount)
      }
      return amount
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      input.append(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case ChannelEvent.inputClosed? = event as? ChannelEvent { isEnded = true }
      guard case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent else { return }
      // Who resumes an earlier session shows no certificate in this one.
      guard let names = verification.acceptedNames, let digest = verification.acceptedDigest else {
        return fail(
          .handshake(expected: "a peer that shows its certificate", found: "a resumed session"))
      }
      peerNames = names
      certificateDigest = digest
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      fail(verification.refusal ?? TLSFailure(error))
    }
  }
#endif
