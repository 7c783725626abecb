import ByteIO
import Transport

/// The way in of a connection: one frame at a time.
struct FrameInput: ~Copyable {
  private let connection: Connection
  private let patience: Duration
  // The frame that came last, with its head.
  private var frame = ByteBuffer(capacity: 4096)
  // When what is read must have come as a whole.
  private var end = ContinuousClock.now

  init(_ connection: Connection, patience: Duration) {
    self.connection = connection
    self.patience = patience
  }

  /// Whether nothing has come of what is waited for.
  var isEmpty: Bool { frame.count == 0 }

  /// The bytes of the payload of the frame that came last.
  var payloadByteCount: Int { max(0, frame.count - FrameHeader.byteCount) }

  /// A copy of the payload of the frame that came last.
  func payloadBytes() -> [UInt8] { Array([UInt8](frame.bytes).dropFirst(FrameHeader.byteCount)) }

  /// Copies bytes of the payload of the frame that came last to the front of `span`.
  func copyPayload(_ range: Range<Int>, into span: inout MutableRawSpan) {
    let start = FrameHeader.byteCount
    span.copy(frame.bytes.extracting(range.lowerBound + start..<range.upperBound + start))
  }

  /// Waits for what begins a connection.
  mutating func expectPreamble() throws(HandoverError.Cause) {
    end = .now + patience * 4
    try fill(FrameHeader.preamble.count)
    guard [UInt8](frame.bytes) == FrameHeader.preamble else {
      throw .malformed("expected a peer of the handover protocol, found bytes of another")
    }
  }

  /// Waits for the next frame.
  mutating func next() throws(HandoverError.Cause) -> FrameHeader {
    end = .now + patience * 4
    try fill(FrameHeader.byteCount)
    let header = try FrameHeader(frame.bytes)
    try fill(FrameHeader.byteCount + Int(header.payloadByteCount), keeping: FrameHeader.byteCount)
    guard FrameHeader.isIntact(frame.bytes) else {
      throw .malformed("a frame's bytes do not fit its checksum: they were changed on their way")
    }
    return header
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
