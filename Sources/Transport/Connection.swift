import ByteIO
import Glibc
public import SystemPackage

/// A connection to a peer that bytes go over both ways, over TCP or a Unix socket.
///
/// One thread at a time may read, and one write.
public final class Connection: Sendable {
  /// What errors call the other side.
  public let peer: String
  private let descriptor: FileDescriptor

  /// Takes over a connected stream socket, which is closed with this.
  public init(_ descriptor: FileDescriptor, peer: String) {
    self.descriptor = descriptor
    self.peer = peer
    let flags = fcntl(descriptor.rawValue, F_GETFL)
    _ = fcntl(descriptor.rawValue, F_SETFL, flags | O_NONBLOCK)
    // Small messages wait for nothing; a Unix socket has no such option, and needs none.
    var on: Int32 = 1
    _ = unsafe setsockopt(
      descriptor.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size)
    )
  }

  deinit { try? descriptor.close() }

  /// Whether a read would return at once.
  public var hasInput: Bool {
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) > 0
  }

  /// Writes all of `head` and then all of `body`; throws `stalled` if nothing moves for `patience`.
  public func write(
    _ head: RawSpan, _ body: RawSpan, patience: Duration
  ) throws(TransportError) {
    try write(head, flags: body.isEmpty ? 0 : Int32(MSG_MORE), patience)
    try write(body, flags: 0, patience)
  }

  private func write(
    _ bytes: RawSpan, flags: Int32, _ patience: Duration
  ) throws(TransportError) {
    var sent = 0
    while sent < bytes.byteCount {
      let rest = bytes.extracting(sent..<bytes.byteCount)
      // SAFETY: the pointer is used inside the closure only.
      sent += try unsafe rest.withUnsafeBytes { (rest) throws(TransportError) in
        try transfer(POLLOUT, "send", patience) {
          unsafe Glibc.send(
            descriptor.rawValue, rest.baseAddress, rest.count, flags | Int32(MSG_NOSIGNAL))
        }
      }
    }
  }

  /// Reads once into the front of `span`, and returns how many bytes came; 0 when the other side
  /// has ended. Throws `stalled` if nothing comes for `patience`.
  public func read(
    into span: inout MutableRawSpan, patience: Duration
  ) throws(TransportError) -> Int {
    // SAFETY: the pointer is used inside the closure only.
    try unsafe span.withUnsafeMutableBytes { (buffer) throws(TransportError) in
      try transfer(POLLIN, "receive", patience) {
        unsafe Glibc.recv(descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
      }
    }
  }

  /// Ends the connection both ways, though this value still stands.
  public func shutDown() { shutdown(descriptor.rawValue, Int32(SHUT_RDWR)) }

  /// Says that nothing more will be sent; what the other side sends can still be read.
  public func endOutput() { shutdown(descriptor.rawValue, Int32(SHUT_WR)) }

  private func transfer(
    _ event: Int32, _ attempt: String, _ patience: Duration, _ call: () -> Int
  ) throws(TransportError) -> Int {
    let end = ContinuousClock.now + patience
    while true {
      let count = call()
      if count >= 0 { return count }
      switch errno {
      case EAGAIN: try wait(for: event, until: end, patience)
      case EINTR:
        if Interruption.isRequested { throw TransportError(peer, .interrupted) }
      case EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH:
        throw TransportError(peer, .closed)
      case let number:
        throw TransportError(peer, .system(Errno(rawValue: number), attempting: attempt))
      }
    }
  }

  private func wait(
    for event: Int32, until end: ContinuousClock.Instant, _ patience: Duration
  ) throws(TransportError) {
    do throws(Errno) {
      try Sockets.wait(for: event, of: descriptor.rawValue, until: end)
    } catch {
      throw TransportError(peer, error == .timedOut ? .stalled(patience) : .interrupted)
    }
  }
}
