import ByteIO
import Transport

/// The way in of a connection: one frame at a time.
struct FrameInput: ~Copyable {
  private let connection: Connection
  private let patience: Duration
  // The frame that came last, with its head, but without bytes of a stream.
  private var frame = ByteBuffer(capacity: 4096)
  // How much longer a frame may take to come as a whole; time that nobody waits for it is free.
  private var timeLeft = Duration.zero
  /// The bytes of the last frame that are yet to come, which are of a stream.
  private(set) var bytesLeft = 0

  init(_ connection: Connection, patience: Duration) {
    self.connection = connection
    self.patience = patience
  }

  /// Whether nothing has come of what is waited for.
  var isEmpty: Bool { frame.count == 0 }

  /// A copy of the payload of the message that came last.
  func payloadBytes() -> [UInt8] { Array([UInt8](frame.bytes).dropFirst(FrameHeader.byteCount)) }

  /// Waits for what begins a connection.
  mutating func expectPreamble() throws(HandoverError.Cause) {
    timeLeft = patience * 4
    do throws(HandoverError.Cause) {
      try fill(FrameHeader.preamble.count)
    } catch {
      // A peer that has TLS may have sent an alert of fewer bytes, and gone.
      guard !FrameHeader.preamble.starts(with: [UInt8](frame.bytes)) else { throw error }
    }
    let found = [UInt8](frame.bytes)
    guard found != FrameHeader.preamble else { return }
    // A handshake or an alert begins so (RFC 8446, 5.1).
    let isTLS = [0x15, 0x16].contains(found[0]) && found.dropFirst().first == 3
    throw .malformed(
      "expected a peer of the handover protocol, found bytes of "
        + (isTLS ? "TLS, which this side does not have here" : "another"))
  }

  /// Waits for the next frame; if it is of a stream, for its head.
  mutating func next() throws(HandoverError.Cause) -> FrameHeader {
    guard bytesLeft == 0 else {
      throw .malformed("expected \(bytesLeft) more bytes of a stream to be read")
    }
    timeLeft = patience * 4
    try fill(FrameHeader.byteCount)
    let header = try FrameHeader(frame.bytes)
    if header.kind.isOfStream {
      bytesLeft = Int(header.payloadByteCount)
    } else {
      try fill(FrameHeader.byteCount + Int(header.payloadByteCount), keeping: FrameHeader.byteCount)
    }
    guard FrameHeader.isIntact(frame.bytes) else {
      throw .malformed("a frame's bytes do not fit its checksum: they were changed on their way")
    }
    return header
  }

  /// Reads bytes of the last frame, which is of a stream, to the front of `span`, as many as have
  /// come; waits for one.
  mutating func read(into span: inout MutableRawSpan) throws(HandoverError.Cause) -> Int {
    var part = span._mutatingExtracting(0..<min(bytesLeft, span.byteCount))
    if part.byteCount == 0 { return 0 }
    let start = ContinuousClock.now
    do throws(TransportError) {
      let got = try connection.read(into: &part, patience: patience)
      if got == 0 { throw TransportError(connection.peer, .closed) }
      bytesLeft -= got
      timeLeft -= .now - start
      if bytesLeft > 0, timeLeft < .zero {
        throw TransportError(connection.peer, .stalled(patience * 4))
      }
      return got
    } catch {
      throw .transport(error)
    }
  }

  /// Passes over what comes until the peer ends, for at most two seconds.
  mutating func drain() {
    let end = ContinuousClock.now + .seconds(2)
    while ContinuousClock.now < end {
      frame.removeAll()
      frame.reserve(65536)
      let connection = connection
      let got = try? frame.fill(limit: 65536) { (span) throws(TransportError) in
        try connection.read(into: &span, patience: max(.zero, end - .now))
      }
      guard let got, got > 0 else { return }
    }
  }

  /// Reads until the frame has `count` bytes, of which it keeps the first.
  private mutating func fill(_ count: Int, keeping kept: Int = 0) throws(HandoverError.Cause) {
    if kept == 0 { frame.removeAll() }
    frame.reserve(count)
    let connection = connection
    let patience = patience
    let end = ContinuousClock.now + timeLeft
    do throws(TransportError) {
      while frame.count < count {
        let got = try frame.fill(limit: count - frame.count) { (span) throws(TransportError) in
          try connection.read(into: &span, patience: patience)
        }
        if got == 0 { throw TransportError(connection.peer, .closed) }
        if frame.count < count, end < .now {
          throw TransportError(connection.peer, .stalled(patience * 4))
        }
      }
    } catch {
      throw .transport(error)
    }
  }
}
