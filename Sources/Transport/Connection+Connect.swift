import ByteIO
import Glibc
import SystemPackage

extension Connection {
  /// Connects to whoever listens at `address`, and waits for at most `patience`; with TLS as long
  /// again for the handshake.
  ///
  /// Peers that the protection does not permit are refused (`insecure`, `tls`). One that has TLS
  /// 1.3 learns of this side's certificate last, so that its refusal is the error of a later call.
  public convenience init(
    to address: NetworkAddress, protection: Protection = .thisHostOnly, patience: Duration
  ) throws(TransportError) {
    let peer = "\(address)"
    let tls = try Self.session(with: address, protection)
    var failure = TransportError(peer, .unresolved("no address"))
    var connected: FileDescriptor?
    for candidate in try Sockets.addresses(of: address, toListen: false) where connected == nil {
      guard protection.isForOtherHosts || candidate.isLocal else {
        if case .unresolved = failure.cause { failure = TransportError(peer, .insecure) }
        continue
      }
      do throws(TransportError) {
        connected = try Self.connect(candidate, address, patience)
      } catch {
        failure = error
      }
    }
    guard let connected else { throw failure }
    self.init(connected, peer: peer, tls: tls)
    try shakeHands(patience: patience)
  }

  private static func session(
    with address: NetworkAddress, _ protection: Protection
  ) throws(TransportError) -> TLSSession? {
    guard case .tls(let credentials, let names) = protection else { return nil }
    var host: String?
    if case .tcp(let name, _) = address, (try? PeerName(parsing: name))?.kind == .dns {
      host = name
    }
    do throws(TLSFailure) {
      return try TLSSession(.client(host: host), credentials, names: names)
    } catch {
      throw TransportError("\(address)", .tls(error))
    }
  }

  private static func connect(
    _ candidate: Sockets.Address, _ address: NetworkAddress, _ patience: Duration
  ) throws(TransportError) -> FileDescriptor {
    do throws(Errno) {
      let descriptor = try Sockets.make(candidate.family)
      do throws(Errno) {
        try connect(descriptor.rawValue, to: candidate, within: patience)
        return descriptor
      } catch {
        try? descriptor.close()
        throw error
      }
    } catch {
      if error == .interrupted { throw TransportError("\(address)", .interrupted) }
      if error == .timedOut { throw TransportError("\(address)", .stalled(patience)) }
      throw TransportError("\(address)", .system(error, attempting: "connect"))
    }
  }

  private static func connect(
    _ descriptor: Int32, to candidate: Sockets.Address, within patience: Duration
  ) throws(Errno) {
    let flags = fcntl(descriptor, F_GETFL)
    _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    let status = unsafe candidate.withC { unsafe Glibc.connect(descriptor, $0, $1) }
    if status == 0 { return }
    guard errno == EINPROGRESS || errno == EINTR else { throw Errno(rawValue: errno) }
    try Sockets.wait(for: POLLOUT, of: descriptor, until: .now + patience)
    var result: Int32 = 0
    var byteCount = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &result, &byteCount)
    if result != 0 { throw Errno(rawValue: result) }
  }
}
