import ByteIO
import CGlibc
import Glibc
import Synchronization
public import SystemPackage

/// A connection to a peer that bytes go over both ways, over TCP or a Unix socket.
///
/// One thread at a time may read, and one write.
public final class Connection: Sendable {
  /// What errors call the other side.
  public let peer: String
  private let descriptor: FileDescriptor
  private let tls: TLSSession?
  private let counted = Mutex(ConnectionTraffic())
  private let goesOn = Mutex<@Sendable () -> Bool>({ false })

  /// Takes over a connected stream socket, which is closed with this.
  public convenience init(_ descriptor: FileDescriptor, peer: String) {
    self.init(descriptor, peer: peer, tls: nil)
  }

  /// Takes over a socket over which a TLS session is to go; ``shakeHands(patience:)`` begins it.
  init(_ descriptor: FileDescriptor, peer: String, tls: TLSSession?) {
    self.descriptor = descriptor
    self.peer = peer
    self.tls = tls
    let flags = fcntl(descriptor.rawValue, F_GETFL)
    _ = fcntl(descriptor.rawValue, F_SETFL, flags | O_NONBLOCK)
    // Small messages wait for nothing; a Unix socket has no such option, and needs none.
    var on: Int32 = 1
    _ = unsafe setsockopt(
      descriptor.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size)
    )
  }

  deinit {
    // Without a word it would be cut for the peer; nobody waits here until the socket has room.
    if let tls {
      tls.endOutput()
      tls.flushIfFree { sendNow($0) }
    }
    try? descriptor.close()
  }

  /// How what passes is protected.
  public var security: ConnectionSecurity {
    tls.map { .tls13(peerNames: $0.peerNames ?? []) } ?? .none
  }

  /// The SHA-256 of the peer's certificate (DER), by which the peer of one connection is known as
  /// that of another; nil without TLS.
  public var peerCertificateDigest: [UInt8]? { tls.flatMap(\.certificateDigest) }

  /// What has passed so far.
  public var traffic: ConnectionTraffic { counted.withLock(\.self) }

  /// Has a write wait while the system holds more than so many bytes that it has not sent yet, so
  /// that what is written next has no more before it. A Unix socket knows no such bound.
  public func limitUnsent(to byteCount: Int) {
    var limit = Int32(clamping: byteCount)
    _ = unsafe setsockopt(
      descriptor.rawValue, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &limit,
      socklen_t(MemoryLayout<Int32>.size))
  }

  /// Has reads and writes go on as long as `condition` holds, though a signal asks to give up.
  public func goOn(while condition: @escaping @Sendable () -> Bool) {
    goesOn.withLock { $0 = condition }
  }

  private var isInterrupted: Bool { Interruption.isRequested && !goesOn.withLock { $0 }() }

  // MARK: Bytes

  /// Whether a read would return at once.
  public var hasInput: Bool {
    guard let tls else {
      var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
      return unsafe poll(&request, 1, 0) > 0
    }
    // What has come may be TLS's own, or half of a record.
    while !tls.hasInput, tls.fillIfFree({ receiveNow(&$0) }) {}
    return tls.hasInput
  }

  /// Writes all of `head` and then all of `body`; throws `stalled` if nothing moves for `patience`.
  public func write(
    _ head: RawSpan, _ body: RawSpan, patience: Duration
  ) throws(TransportError) {
    guard let tls else {
      try send(head, flags: body.isEmpty ? 0 : Int32(MSG_MORE), patience)
      try send(body, flags: 0, patience)
      return
    }
    var count = 0
    while count < head.byteCount + body.byteCount {
      do throws(TLSFailure) {
        count += try tls.write(head, body, from: count)
      } catch {
        throw TransportError(peer, .tls(error))
      }
      try flush(tls, patience)
    }
  }

  private func send(
    _ bytes: RawSpan, flags: Int32, _ patience: Duration
  ) throws(TransportError) {
    var sent = 0
    while sent < bytes.byteCount {
      sent += try sendOnce(bytes.extracting(sent..<bytes.byteCount), flags: flags, patience)
    }
  }

  /// Waits until the peer's host has taken all that was written; throws `stalled` if it takes
  /// nothing for `patience`.
  public func flush(patience: Duration) throws(TransportError) {
    var left = Int32.max
    let start = ContinuousClock.now
    defer { counted.withLock { $0.add(.now - start, for: Int32(POLLOUT)) } }
    var end = start
    while true {
      let count = ferry_unsent(descriptor.rawValue)
      if count == 0 { return }
      guard count > 0 else {
        throw TransportError(peer, .system(Errno(rawValue: -count), attempting: "flush"))
      }
      if count < left {
        left = count
        end = .now + patience
      }
      if end < .now { throw TransportError(peer, .stalled(patience)) }
      if isInterrupted { throw TransportError(peer, .interrupted) }
      // Nothing tells when the last byte has been taken.
      usleep(1000)
    }
  }

  private func flush(_ tls: TLSSession, _ patience: Duration) throws(TransportError) {
    do throws(TransportError) {
      try tls.flush { (bytes) throws(TransportError) in
        try sendOnce(bytes, flags: 0, patience)
      }
    } catch {
      // A peer that has ended may have said why.
      if error.cause == .closed, hasInput, let failure = tls.failure {
        throw TransportError(peer, .tls(failure))
      }
      throw error
    }
  }

  /// Reads once into the front of `span`, and returns how many bytes came; 0 when the other side
  /// has ended. Throws `stalled` if nothing comes for `patience`.
  public func read(
    into span: inout MutableRawSpan, patience: Duration
  ) throws(TransportError) -> Int {
    guard let tls else {
      return try receive(into: &span, until: .now + patience, patience)
    }
    let end = ContinuousClock.now + patience
    while true {
      do throws(TLSFailure) {
        if let count = try tls.read(into: &span) { return count }
      } catch {
        throw TransportError(peer, .tls(error))
      }
      try tls.fill { (span) throws(TransportError) in
        try receive(into: &span, until: end, patience)
      }
      // Only TLS itself may have to answer.
      tls.flushIfFree { sendNow($0) }
    }
  }

  /// Ends the connection both ways, though this value still stands; a peer with TLS takes it for
  /// cut.
  public func shutDown() { shutdown(descriptor.rawValue, Int32(SHUT_RDWR)) }

  /// Says that nothing more will be sent; what the other side sends can still be read.
  ///
  /// With TLS that is a word too, for which a full socket is waited for, for two seconds at most.
  public func endOutput() {
    if let tls {
      tls.endOutput()
      try? flush(tls, .seconds(2))
    }
    shutdown(descriptor.rawValue, Int32(SHUT_WR))
  }

  // MARK: TLS

  /// Makes the handshake of a connection with TLS; without, there is none to make.
  func shakeHands(patience: Duration) throws(TransportError) {
    let end = ContinuousClock.now + patience
    while let event = try stepHandshake() { try wait(for: event, until: end, patience) }
  }

  /// Goes on with the handshake as far as that needs no waiting: what is to be waited for
  /// (`POLLIN`, `POLLOUT`), and nil if it is made.
  func stepHandshake() throws(TransportError) -> Int32? {
    guard let tls else { return nil }
    while true {
      var isTaken = true
      tls.flush { (bytes) throws(Never) in
        let count = sendNow(bytes)
        isTaken = count != nil
        return count
      }
      if let failure = tls.failure { throw TransportError(peer, .tls(failure)) }
      guard isTaken else { return POLLOUT }
      if tls.peerNames != nil { return nil }
      guard tls.fillIfFree({ receiveNow(&$0) }) else { return POLLIN }
    }
  }

  // MARK: The socket

  /// What a handshake waits at.
  var number: Int32 { descriptor.rawValue }

  private func sendOnce(
    _ bytes: RawSpan, flags: Int32, _ patience: Duration
  ) throws(TransportError) -> Int {
    try transfer(POLLOUT, "send", until: .now + patience, patience) { call(send: bytes, flags) }
  }

  private func receive(
    into span: inout MutableRawSpan, until end: ContinuousClock.Instant, _ patience: Duration
  ) throws(TransportError) -> Int {
    try transfer(POLLIN, "receive", until: end, patience) { call(receive: &span) }
  }

  /// Sends what the socket takes: nil if that is nothing. A broken one takes all; who reads finds
  /// out.
  private func sendNow(_ bytes: RawSpan) -> Int? {
    while true {
      let count = call(send: bytes, 0)
      if count >= 0 { return count }
      if errno == EAGAIN { return nil }
      if errno != EINTR { return bytes.byteCount }
    }
  }

  /// Receives what has come: nil if that is nothing, and 0 if nothing more can come.
  private func receiveNow(_ span: inout MutableRawSpan) -> Int? {
    while true {
      let count = call(receive: &span)
      if count >= 0 { return count }
      if errno == EAGAIN { return nil }
      if errno != EINTR { return 0 }
    }
  }

  private func call(send bytes: RawSpan, _ flags: Int32) -> Int {
    // SAFETY: the pointer is used inside the closure only.
    let count = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(
        descriptor.rawValue, $0.baseAddress, $0.count, flags | Int32(MSG_NOSIGNAL))
    }
    if count > 0 { counted.withLock { $0.sentByteCount += UInt64(count) } }
    return count
  }

  private func call(receive span: inout MutableRawSpan) -> Int {
    // SAFETY: the pointer is used inside the closure only.
    let count = unsafe span.withUnsafeMutableBytes {
      unsafe Glibc.recv(descriptor.rawValue, $0.baseAddress, $0.count, 0)
    }
    if count > 0 { counted.withLock { $0.receivedByteCount += UInt64(count) } }
    return count
  }

  private func transfer(
    _ event: Int32, _ attempt: String, until end: ContinuousClock.Instant, _ patience: Duration,
    _ call: () -> Int
  ) throws(TransportError) -> Int {
    while true {
      let count = call()
      if count >= 0 { return count }
      switch errno {
      case EAGAIN: try wait(for: event, until: end, patience)
      case EINTR:
        if isInterrupted { throw TransportError(peer, .interrupted) }
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
    let start = ContinuousClock.now
    defer { counted.withLock { $0.add(.now - start, for: event) } }
    do throws(Errno) {
      try Sockets.wait(for: event, of: descriptor.rawValue, until: end) { isInterrupted }
    } catch {
      throw TransportError(peer, error == .timedOut ? .stalled(patience) : .interrupted)
    }
  }
}
