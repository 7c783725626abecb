import ByteIO
import Transport

/// A connection to the other side of a handover, as frames.
final class PeerLink {
  /// What came.
  enum Incoming {
    case message(HandoverMessage)
    /// Bytes of a stream, which are to be read (`readBytes`) before anything else.
    case bytes(FrameHeader.Kind, offset: UInt64)
  }

  let connection: Connection
  /// The most time without a sign of the peer's.
  let patience: Duration
  private let output: FrameOutput
  private var heartbeat: Heartbeat?
  private var deadline: ContinuousClock.Instant?
  private var input: FrameInput

  /// A link over a connection on which nothing was said.
  init(_ connection: Connection, patience: Duration) {
    self.connection = connection
    self.patience = patience
    output = FrameOutput(connection, patience: patience)
    input = FrameInput(connection, patience: patience)
  }

  /// Where errors of this link are.
  var peer: String { connection.peer }

  // MARK: Greeting

  /// Greets as the side that connected.
  func greet(
    _ hello: HandoverMessage.Hello
  ) throws(HandoverError.Cause) -> HandoverMessage.Hello {
    do throws(HandoverError.Cause) {
      try sendPreamble()
      try send(.hello(hello))
    } catch {
      // Who has ended the connection may have said before what is wrong.
      if case .transport(let failure) = error, failure.cause == .closed {
        try input.expectPreamble()
      }
      throw error
    }
    try input.expectPreamble()
    return try accept(try expectHello())
  }

  /// Hears the greeting of who connected; nil if that has gone without a word.
  func hear() throws(HandoverError.Cause) -> HandoverMessage.Hello? {
    do throws(HandoverError.Cause) {
      try input.expectPreamble()
    } catch {
      guard case .transport(let failure) = error,
        [.closed, .tls(.cut)].contains(failure.cause), input.isEmpty
      else {
        throw error
      }
      return nil
    }
    return try expectHello()
  }

  /// Answers a greeting.
  func answer(
    _ hello: HandoverMessage.Hello, to other: HandoverMessage.Hello
  ) throws(HandoverError.Cause) {
    try sendPreamble()
    try send(.hello(hello))
    _ = try accept(other)
  }

  private func accept(
    _ other: HandoverMessage.Hello
  ) throws(HandoverError.Cause) -> HandoverMessage.Hello {
    guard other.versions.contains(HandoverMessage.version) else {
      throw .version(lowest: other.versions.lowerBound, highest: other.versions.upperBound)
    }
    let silence = min(patience, .milliseconds(Int64(other.patience))) / 4
    let output = output
    heartbeat = Heartbeat(every: max(silence, .milliseconds(50))) { output.beat(after: silence) }
    return other
  }

  private func sendPreamble() throws(HandoverError.Cause) {
    let preamble = FrameHeader.preamble
    do throws(TransportError) {
      try connection.write(preamble.span.raw, RawSpan(), patience: patience)
    } catch {
      throw .transport(error)
    }
  }

  private func expectHello() throws(HandoverError.Cause) -> HandoverMessage.Hello {
    guard case .message(.hello(let hello)) = try receive() else {
      throw .malformed("expected hello, found another message")
    }
    return hello
  }

  // MARK: Out

  /// Says the last thing, for which a peer that does not listen is given a moment only, and ends.
  func end(with message: HandoverMessage) {
    try? output.send(.message, message.bytes.span.raw, patience: min(patience, .seconds(2)))
    heartbeat = nil
    connection.endOutput()
    input.drain()
  }

  func send(_ message: HandoverMessage) throws(HandoverError.Cause) {
    let bytes = message.bytes
    guard bytes.count <= FrameHeader.payloadLimit else {
      throw .malformed("a message of \(bytes.count) bytes does not fit a frame")
    }
    do throws(TransportError) {
      try output.send(.message, bytes.span.raw)
    } catch {
      throw .transport(error)
    }
  }

  /// Sends bytes of a stream, of which `offset` bytes went before.
  func send(
    _ kind: FrameHeader.Kind, offset: UInt64, _ head: RawSpan, _ body: RawSpan
  ) throws(HandoverError.Cause) {
    var offset = offset
    var first = head
    var rest = body
    do throws(TransportError) {
      while first.byteCount + rest.byteCount > 0 {
        let fromFirst = min(first.byteCount, FrameHeader.payloadLimit)
        let fromRest = min(rest.byteCount, FrameHeader.payloadLimit - fromFirst)
        try output.send(
          kind, offset: offset, first.extracting(0..<fromFirst), rest.extracting(0..<fromRest),
          patience: patience * 4)
        offset += UInt64(fromFirst + fromRest)
        first = first.extracting(fromFirst..<first.byteCount)
        rest = rest.extracting(fromRest..<rest.byteCount)
      }
    } catch {
      throw .transport(error)
    }
  }

  /// Says and hears nothing more, so that the peer sees that this connection is of no use.
  func abandon() {
    heartbeat = nil
    connection.shutDown()
  }

  // MARK: In

  /// Whether something has come that was not received.
  var hasInput: Bool { connection.hasInput }

  /// The bytes of a stream that have come, or are to come next.
  var streamBytesLeft: Int { input.bytesLeft }

  /// Reads some of these to the front of `span`, and waits for one.
  func readBytes(into span: inout MutableRawSpan) throws(HandoverError.Cause) -> Int {
    try input.read(into: &span)
  }

  /// Has the peer say what it owes soon: from now on it has four times the patience until the next
  /// call, however often it says that it is alive.
  func expectSoon(_ isExpected: Bool = true) {
    deadline = isExpected ? .now + patience * 4 : nil
  }

  /// Waits for the next frame that says something.
  func receive() throws(HandoverError.Cause) -> Incoming {
    while true {
      if let deadline, deadline < .now {
        throw .transport(TransportError(peer, .stalled(patience * 4)))
      }
      if let incoming = try receiveFrame() { return incoming }
      // A peer that only says that it lives must not make this side deaf.
      if Interruption.isRequested { throw .transport(TransportError(peer, .interrupted)) }
    }
  }

  /// What has come, if something has; does not wait but for the rest of a frame.
  func receiveIfReady() throws(HandoverError.Cause) -> Incoming? {
    while hasInput {
      if let incoming = try receiveFrame() { return incoming }
      if Interruption.isRequested { throw .transport(TransportError(peer, .interrupted)) }
    }
    return nil
  }

  /// Throws if the peer was last heard at `moment`, and has been silent since for longer than there
  /// is patience, or does not say what it owes.
  func requireLife(since moment: ContinuousClock.Instant) throws(HandoverError.Cause) {
    guard ContinuousClock.now - moment < patience else {
      throw .transport(TransportError(peer, .stalled(patience)))
    }
    if let deadline, deadline < .now {
      throw .transport(TransportError(peer, .stalled(patience * 4)))
    }
    if Interruption.isRequested { throw .transport(TransportError(peer, .interrupted)) }
  }

  /// What a target has received, if it says so: while a stream goes out, all else that it can have
  /// to say is that the stream is of no use.
  func expectSilence() throws(HandoverError.Cause) -> UInt64? {
    switch try receiveIfReady() {
    case nil: return nil
    case .message(.received(let byteCount)): return byteCount
    case .message(.failed(let failure)): throw .peer(failure)
    case .message, .bytes: throw .malformed("expected silence or a failure, found another message")
    }
  }

  /// Why a peer has ended the connection, if it has said so before; else `cause`.
  func lastWords(or cause: HandoverError.Cause) -> HandoverError.Cause {
    guard case .transport = cause else { return cause }
    do throws(HandoverError.Cause) {
      while try expectSilence() != nil {}
    } catch {
      if case .peer = error { return error }
    }
    return cause
  }

  /// The next frame; nil for one that says that the peer is alive.
  private func receiveFrame() throws(HandoverError.Cause) -> Incoming? {
    let header = try input.next()
    switch header.kind {
    case .alive: return nil
    case .message:
      return .message(try HandoverMessage(parsing: input.payloadBytes()))
    case .introduction, .stream:
      guard header.payloadByteCount > 0 else {
        throw .malformed("expected bytes of a stream, found none")
      }
      return .bytes(header.kind, offset: header.offset)
    }
  }
}
