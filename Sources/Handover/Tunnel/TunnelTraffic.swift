public import Transport

/// What passed a tunnel, and what it waited for, as one of its relays has seen it.
public struct TunnelTraffic: Sendable {
  /// What kept what was sent from going faster, most of the time.
  public enum Limit: String, Sendable, Hashable, CaseIterable {
    /// The link, or the other relay, which took no more.
    case link
    /// QEMU at this side, which gave no more.
    case source
    /// QEMU at the other side, which took no more.
    case destination
    /// This relay: its coders, or TLS.
    case tunnel
  }

  /// Whether this relay stands beside the source, from whose QEMU nearly all comes.
  public internal(set) var isBesideSource = false
  /// The connections of the tunnel.
  public internal(set) var connectionCount = 0
  /// How they are protected.
  public internal(set) var security = ConnectionSecurity.none
  /// The bytes of QEMU's that were sent.
  public internal(set) var sentByteCount: UInt64 = 0
  /// The bytes of QEMU's that have come.
  public internal(set) var receivedByteCount: UInt64 = 0
  /// The bytes of the connections that were sent, TLS included.
  public internal(set) var sentWireByteCount: UInt64 = 0
  /// The bytes of the connections that have come, TLS included.
  public internal(set) var receivedWireByteCount: UInt64 = 0
  /// The bytes of QEMU's that were sent in zstd frames.
  public internal(set) var compressedByteCount: UInt64 = 0
  /// The time of all coders together.
  public internal(set) var codingTime = Duration.zero
  /// From the first byte of QEMU's that was to be sent to when the last was written.
  public internal(set) var sendingTime = Duration.zero
  /// Of that the time for which the connections would take no more, on an average of them.
  public internal(set) var linkWaitingTime = Duration.zero
  /// Of that the time in which there was nothing to send.
  public internal(set) var sourceWaitingTime = Duration.zero
  /// Of that the time in which the other side permitted nothing to be sent.
  public internal(set) var destinationWaitingTime = Duration.zero
  /// From the first byte of QEMU's that came to the last, on an average of the connections.
  public internal(set) var receivingTime = Duration.zero
  /// Of that the time for which nothing came.
  public internal(set) var receiveWaitingTime = Duration.zero

  init() {}

  /// What was the limit of what the source's QEMU sent; nil if nothing was. Beside the destination,
  /// where no other can be seen, it is this relay, if that was at work most of the time, or nil.
  public var limit: Limit? {
    guard isBesideSource else {
      return receiveWaitingTime * 2 < receivingTime ? .tunnel : nil
    }
    guard sentByteCount > 0 else { return nil }
    let times: [(Limit, Duration)] = [
      (.link, linkWaitingTime), (.source, sourceWaitingTime),
      (.destination, destinationWaitingTime),
    ]
    let rest = times.reduce(sendingTime) { $0 - $1.1 }
    return (times + [(.tunnel, rest)]).max { $0.1 < $1.1 }?.0
  }

  /// The bytes of the source's QEMU a second, while there were some that were permitted; nil if
  /// there were none.
  public var bytesPerSecond: UInt64? {
    let (byteCount, time) =
      isBesideSource
      ? (sentByteCount, sendingTime - sourceWaitingTime - destinationWaitingTime)
      : (receivedByteCount, receivingTime - receiveWaitingTime)
    guard byteCount > 0, time > .zero else { return nil }
    return UInt64(Double(byteCount) / (time / .seconds(1)))
  }
}
