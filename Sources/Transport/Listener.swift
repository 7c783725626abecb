import ByteIO
import Glibc
import Synchronization
import SystemPackage

/// A socket that peers connect to; closed, and its file removed, when it goes.
public struct Listener: ~Copyable {
  /// Where it listens, with the port that the system chose if none was given.
  public let address: NetworkAddress
  private let descriptor: FileDescriptor
  // The socket's file, by its device and number; none for TCP.
  private let file: [UInt64]?
  private let protection: Protection
  // Peers whose handshake is under way, the oldest first.
  private let arrivals = Mutex<[Arrival]>([])

  private struct Arrival {
    let connection: Connection
    let end: ContinuousClock.Instant
    var event: Int32
  }

  // More at once would be somebody's who wants to keep others out; the oldest gives way.
  private static let arrivalLimit = 64

  /// Listens at `address`. A Unix socket has the mode 0600; one that stands there and that nobody
  /// listens at is taken away first.
  ///
  /// Addresses that other hosts reach are refused (`insecure`) unless the protection permits them.
  public init(
    at address: NetworkAddress, protection: Protection = .thisHostOnly
  ) throws(TransportError) {
    let candidates = try Sockets.addresses(of: address, toListen: true)
    guard let candidate = candidates.first else {
      throw TransportError("\(address)", .unresolved("no address"))
    }
    guard protection.isForOtherHosts || candidate.isLocal else {
      throw TransportError("\(address)", .insecure)
    }
    do throws(Errno) {
      descriptor = try Self.listen(at: candidate, path: address)
    } catch {
      throw TransportError("\(address)", .system(error, attempting: "listen"))
    }
    self.address = Self.name(of: descriptor, asked: address)
    file = Self.file(of: address)
    self.protection = protection
  }

  private static func file(of address: NetworkAddress) -> [UInt64]? {
    guard case .unix(let path) = address else { return nil }
    var status = stat()
    let found = unsafe PathBytes(text: path).withCString { unsafe lstat($0, &status) }
    return found == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
  }

  deinit {
    // Another's may stand in its place by now.
    if case .unix(let path) = address, file != nil, Self.file(of: address) == file {
      _ = unsafe PathBytes(text: path).withCString { unsafe unlink($0) }
    }
    try? descriptor.close()
  }

  private static func listen(
    at candidate: Sockets.Address, path address: NetworkAddress
  ) throws(Errno) -> FileDescriptor {
    let descriptor = try Sockets.make(candidate.family)
    do throws(Errno) {
      var on: Int32 = 1
      _ = unsafe setsockopt(
        descriptor.rawValue, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
      // The mode of the socket becomes that of the file (net/unix/af_unix.c, unix_bind_bsd).
      if candidate.family == AF_UNIX { fchmod(descriptor.rawValue, 0o600) }
      do throws(Errno) {
        try bind(descriptor, to: candidate)
      } catch {
        guard error == .addressInUse, case .unix(let path) = address,
          isAbandoned(path, candidate)
        else { throw error }
        _ = unsafe PathBytes(text: path).withCString { unsafe unlink($0) }
        try bind(descriptor, to: candidate)
      }
      guard Glibc.listen(descriptor.rawValue, 16) == 0 else { throw Errno(rawValue: errno) }
      return descriptor
    } catch {
      try? descriptor.close()
      throw error
    }
  }

  private static func bind(
    _ descriptor: FileDescriptor, to candidate: Sockets.Address
  ) throws(Errno) {
    let status = unsafe candidate.withC { unsafe Glibc.bind(descriptor.rawValue, $0, $1) }
    guard status == 0 else { throw Errno(rawValue: errno) }
  }

  /// Whether a socket stands at `path` that nobody listens at.
  private static func isAbandoned(_ path: String, _ candidate: Sockets.Address) -> Bool {
    var status = stat()
    let found = unsafe PathBytes(text: path).withCString { unsafe lstat($0, &status) }
    guard found == 0, status.st_mode & S_IFMT == S_IFSOCK,
      let probe = try? Sockets.make(candidate.family)
    else { return false }
    defer { try? probe.close() }
    // With a full queue somebody listens; nobody is waited for.
    _ = fcntl(probe.rawValue, F_SETFL, O_NONBLOCK)
    let connected = unsafe candidate.withC { unsafe connect(probe.rawValue, $0, $1) }
    return connected != 0 && errno == ECONNREFUSED
  }

  private static func name(
    of descriptor: FileDescriptor, asked: NetworkAddress
  ) -> NetworkAddress {
    guard case .tcp(let host, 0) = asked else { return asked }
    var storage = sockaddr_storage()
    var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: the call writes at most the bytes that it is told there are.
    let port = unsafe withUnsafeMutablePointer(to: &storage) { pointer -> UInt16 in
      let status = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor.rawValue, $0, &byteCount)
      }
      guard status == 0 else { return 0 }
      // The port stands at the same place for both families, in network order.
      return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        unsafe UInt16(bigEndian: $0.pointee.sin_port)
      }
    }
    return .tcp(host: host, port: port)
  }

  /// Waits for the next peer, until a signal asks to give up (`interrupted`).
  ///
  /// With TLS that is one whose handshake is made. As many as come make theirs at once, each for at
  /// most `patience`; `refused` is told of those that fail, and the others are waited for.
  public borrowing func accept(
    patience: Duration = .seconds(30), refused: (TransportError) -> Void = { _ in }
  ) throws(TransportError) -> Connection {
    while true {
      let end = ContinuousClock.now + .seconds(3600)
      if let connection = try accept(until: end, patience: patience, refused: refused) {
        return connection
      }
    }
  }

  /// The same until a moment, and gives nil then.
  public borrowing func accept(
    until end: ContinuousClock.Instant, patience: Duration = .seconds(30),
    refused: (TransportError) -> Void = { _ in }
  ) throws(TransportError) -> Connection? {
    try arrivals.withLock { arrivals throws(TransportError) in
      while ContinuousClock.now < end {
        var requests = [pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)]
        requests += arrivals.map {
          pollfd(fd: $0.connection.number, events: Int16($0.event), revents: 0)
        }
        let left = min(max(.zero, end - .now), .seconds(1)) / .milliseconds(1)
        let count = unsafe poll(&requests, nfds_t(requests.count), Int32(left.rounded(.up)))
        if Interruption.isRequested { throw TransportError("\(address)", .interrupted) }
        // A signal has left the answers undefined.
        guard count >= 0 else { continue }
        if requests[0].revents != 0, let connection = try acceptNow(refused) {
          if arrivals.count == Self.arrivalLimit {
            let failure = TLSFailure.handshake(
              expected: "a TLS handshake before \(Self.arrivalLimit) others came", found: "none")
            refused(TransportError(arrivals.removeFirst().connection.peer, .tls(failure)))
            requests.remove(at: 1)
          }
          arrivals.append(
            Arrival(connection: connection, end: .now + patience, event: POLLIN))
          requests.append(pollfd(fd: 0, events: 0, revents: Int16(POLLIN)))
        }
        if let connection = advance(&arrivals, requests.dropFirst(), patience, refused) {
          return connection
        }
      }
      return nil
    }
  }

  /// Goes on with the handshakes that can, and takes out the first that is made, and all that fail.
  private func advance(
    _ arrivals: inout [Arrival], _ answers: ArraySlice<pollfd>, _ patience: Duration,
    _ refused: (TransportError) -> Void
  ) -> Connection? {
    var waiting: [Arrival] = []
    var made: Connection?
    for (arrival, answer) in zip(arrivals, answers) {
      var arrival = arrival
      do throws(TransportError) {
        if made == nil, answer.revents != 0 {
          guard let event = try arrival.connection.stepHandshake() else {
            made = arrival.connection
            continue
          }
          arrival.event = event
        }
        guard .now < arrival.end else {
          throw TransportError(arrival.connection.peer, .stalled(patience))
        }
        waiting.append(arrival)
      } catch {
        refused(error)
      }
    }
    arrivals = waiting
    return made
  }

  private borrowing func acceptNow(
    _ refused: (TransportError) -> Void
  ) throws(TransportError) -> Connection? {
    let accepted = Glibc.accept(descriptor.rawValue, nil, nil)
    guard accepted >= 0 else {
      // Whoever wanted to connect has given up.
      if [EINTR, ECONNABORTED, EAGAIN].contains(errno) { return nil }
      throw TransportError("\(address)", .system(Errno(rawValue: errno), attempting: "accept"))
    }
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    let peer = "a peer at \(address)"
    guard case .tls(let credentials, let names) = protection else {
      return Connection(FileDescriptor(rawValue: accepted), peer: peer)
    }
    do throws(TLSFailure) {
      let session = try TLSSession(.server, credentials, names: names)
      return Connection(FileDescriptor(rawValue: accepted), peer: peer, tls: session)
    } catch {
      close(accepted)
      refused(TransportError(peer, .tls(error)))
      return nil
    }
  }
}
