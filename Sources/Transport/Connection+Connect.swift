import ByteIO
import Glibc
import SystemPackage

extension Connection {
  /// Connects to whoever listens at `address`, and waits for at most `patience`.
  ///
  /// Hosts other than this one are refused (`insecure`) unless `insecure` takes them, though
  /// nothing protects what passes.
  public convenience init(
    to address: NetworkAddress, insecure: Bool = false, patience: Duration
  ) throws(TransportError) {
    var failure: TransportError?
    for candidate in try Sockets.addresses(of: address, toListen: false) {
      guard insecure || candidate.isLocal else {
        failure = failure ?? TransportError("\(address)", .insecure)
        continue
      }
      do throws(TransportError) {
        self.init(try Self.connect(candidate, address, patience), peer: "\(address)")
        return
      } catch {
        failure = error
      }
    }
    throw failure ?? TransportError("\(address)", .unresolved("no address"))
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
