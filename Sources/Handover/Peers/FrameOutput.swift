import ByteIO
import Synchronization
import Transport

/// The way out of a connection, which two threads share: one with what there is to say, and the
/// heartbeat.
final class FrameOutput: Sendable {
  private let connection: Connection
  private let patience: Duration
  private let lastSent = Mutex(ContinuousClock.now)

  init(_ connection: Connection, patience: Duration) {
    self.connection = connection
    self.patience = patience
  }

  /// Sends a frame whose payload is `first` and, of a stream, then `second`; a peer that takes
  /// nothing for `patience`, or for that of the link, has stalled.
  func send(
    _ kind: FrameHeader.Kind, offset: UInt64 = 0, _ first: RawSpan, _ second: RawSpan = RawSpan(),
    patience: Duration? = nil
  ) throws(TransportError) {
    let patience = patience ?? self.patience
    let header = FrameHeader(
      kind: kind, offset: offset, payloadByteCount: first.byteCount + second.byteCount)
    let head = kind.isOfStream ? header.bytes() : header.bytes(of: first)
    try lastSent.withLock { (time) throws(TransportError) in
      if first.isEmpty {
        try connection.write(head.span.raw, second, patience: patience)
      } else {
        try connection.write(head.span.raw, first, patience: patience)
        try connection.write(RawSpan(), second, patience: patience)
      }
      time = .now
    }
  }

  /// Says that this side is alive, unless it has just said something.
  func beat(after silence: Duration) {
    let isSilent = lastSent.withLock { ContinuousClock.now - $0 >= silence }
    // If the peer is gone, the thread with something to say finds out.
    if isSilent { try? send(.alive, RawSpan()) }
  }
}
