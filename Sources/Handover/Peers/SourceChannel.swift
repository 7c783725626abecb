import ByteIO
import Glibc
import Transport

/// The source's end of a channel: a connection, or one after the other.
///
/// With time to retry it keeps what the target has not said that it received, and goes on over
/// another connection with the first byte that is missing there.
final class SourceChannel {
  /// The most bytes that are kept: more than a chunk, and than a fast link has under way.
  static let keptByteLimit = 8 << 20

  private(set) var link: PeerLink
  private let join: ChannelJoin
  private var timeLeft: Duration
  private var byteCount: UInt64 = 0
  // The bytes of the stream up to `byteCount` that the target may not have.
  private var kept = ByteBuffer()
  private var isEnded = false
  private var isReceived = false

  /// The channel of a connection that the target has taken; `join` makes others in its place.
  init(_ link: PeerLink, _ join: ChannelJoin) {
    self.link = link
    self.join = join
    timeLeft = join.options.retry
    if keeps { kept.reserve(Self.keptByteLimit) }
  }

  private var keeps: Bool { join.options.retry > .zero }

  /// Sends the next bytes of the channel's stream.
  func send(_ head: RawSpan, _ body: RawSpan) throws(HandoverError.Cause) {
    try makeRoom(for: head.byteCount + body.byteCount)
    let offset = byteCount
    byteCount += UInt64(head.byteCount + body.byteCount)
    if keeps {
      kept.append(head)
      kept.append(body)
    }
    do throws(HandoverError.Cause) {
      while let count = try link.expectSilence() { try forget(upTo: count) }
      try link.send(.stream, offset: offset, head, body)
    } catch {
      try resume(after: error)
    }
  }

  /// Waits until the target has so much of what is kept that other bytes can be.
  private func makeRoom(for count: Int) throws(HandoverError.Cause) {
    guard keeps, kept.count > 0, kept.count + count > Self.keptByteLimit else { return }
    let start = ContinuousClock.now
    defer { join.connections.noteReceiptWait(.now - start) }
    while kept.count > 0, kept.count + count > Self.keptByteLimit {
      do throws(HandoverError.Cause) {
        try forget(upTo: try receipt())
      } catch {
        try resume(after: error)
      }
    }
  }

  /// Waits until the target says how much it has received.
  private func receipt() throws(HandoverError.Cause) -> UInt64 {
    switch try link.receive() {
    case .message(.received(let count)): return count
    case .message(.failed(let failure)): throw .peer(failure)
    case .message, .bytes:
      throw .malformed("expected how many bytes were received, found another message")
    }
  }

  private func forget(upTo count: UInt64) throws(HandoverError.Cause) {
    let first = byteCount - (keeps ? UInt64(kept.count) : byteCount)
    guard (first...byteCount).contains(count) else {
      throw .malformed("expected \(first) to \(byteCount) bytes that were received, found \(count)")
    }
    if keeps { kept.removeFirst(Int(count - first)) }
  }

  /// Waits until the target's host has all that was sent.
  func flush() throws(HandoverError.Cause) {
    while true {
      do throws(TransportError) {
        return try link.connection.flush(patience: link.patience * 4)
      } catch {
        try resume(after: .transport(error))
      }
    }
  }

  /// Says that this was all, and waits until the target has it.
  func end() throws(HandoverError.Cause) {
    isEnded = true
    do throws(HandoverError.Cause) {
      try link.send(.end(byteCount: byteCount))
    } catch {
      try resume(after: error)
    }
    let start = ContinuousClock.now
    defer { join.connections.noteReceiptWait(.now - start) }
    while !isReceived {
      do throws(HandoverError.Cause) {
        let count = try receipt()
        try forget(upTo: count)
        isReceived = count == byteCount
      } catch {
        try resume(after: error)
      }
    }
  }

  /// Goes on over another connection, if one can be had in the time that is left; else throws
  /// `cause`, or why the target wants no more of it.
  func resume(after cause: HandoverError.Cause) throws(HandoverError.Cause) {
    let cause = link.lastWords(or: cause)
    guard keeps, case .transport(let failure) = cause, failure.cause != .interrupted else {
      throw cause
    }
    link.abandon()
    join.told(HandoverError(link.peer, cause))
    let start = ContinuousClock.now
    defer { timeLeft -= ContinuousClock.now - start }
    while true {
      guard ContinuousClock.now - start < timeLeft, join.isWanted else { throw cause }
      do throws(HandoverError.Cause) {
        let (link, count) = try join.connect()
        try forget(upTo: count)
        self.link = link
        try link.send(.stream, offset: count, kept.bytes, RawSpan())
        if isEnded, !isReceived { try link.send(.end(byteCount: byteCount)) }
        return
      } catch {
        guard case .transport = error else { throw error }
        usleep(100_000)
      }
    }
  }
}
