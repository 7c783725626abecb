import Glibc

/// What has passed over a connection, with what TLS adds, and how long it was waited for.
public struct ConnectionTraffic: Sendable, Hashable {
  /// The bytes that the system has taken to send them.
  public internal(set) var sentByteCount: UInt64 = 0
  /// The bytes that have come.
  public internal(set) var receivedByteCount: UInt64 = 0
  /// How long writes and flushes have waited for the link, or for the peer.
  public private(set) var sendWaitingTime = Duration.zero
  /// How long reads have waited for something to come.
  public private(set) var receiveWaitingTime = Duration.zero

  init() {}

  /// Adds the time of a wait for `POLLIN` or `POLLOUT`.
  mutating func add(_ time: Duration, for event: Int32) {
    if event == POLLOUT {
      sendWaitingTime += time
    } else {
      receiveWaitingTime += time
    }
  }
}
