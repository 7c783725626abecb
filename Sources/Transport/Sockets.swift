import ByteIO
import Glibc
import SystemPackage

/// The calls of sockets that Swift has no name for, over addresses of either kind.
enum Sockets {
  /// An address as the kernel takes it.
  struct Address {
    let family: Int32
    let bytes: [UInt8]

    /// Whether it is one of this host alone: a Unix socket, or a loopback address.
    var isLocal: Bool {
      switch family {
      case AF_UNIX: true
      case AF_INET: bytes.count > 4 && bytes[4] == 127
      case AF_INET6:
        // ::1, or an IPv4 loopback address in the form ::ffff:127.x.x.x.
        bytes.count >= 24
          && (bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
            || bytes[8..<18].allSatisfy { $0 == 0 } && bytes[18..<20].allSatisfy { $0 == 0xff }
              && bytes[20] == 127)
      default: false
      }
    }

    /// Calls `body` with the address as C takes it.
    func withC<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
      // SAFETY: the bytes are a sockaddr of the family, and live through the call.
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe body(
          bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: sockaddr.self),
          socklen_t(bytes.count))
      }
    }
  }

  /// The addresses that a name stands for, the resolver's first choice first.
  static func addresses(
    of address: NetworkAddress, toListen: Bool
  ) throws(TransportError) -> [Address] {
    switch address {
    case .unix(let path):
      var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_un>.size)
      let path = PathBytes(text: path).bytes
      guard path.count < bytes.count - 2 else {
        throw TransportError("\(address)", .system(.fileNameTooLong, attempting: "use the path"))
      }
      let family = UInt16(AF_UNIX)
      bytes[0] = UInt8(truncatingIfNeeded: family)
      bytes[1] = UInt8(truncatingIfNeeded: family >> 8)
      bytes.replaceSubrange(2..<2 + path.count, with: path)
      return [Address(family: AF_UNIX, bytes: bytes)]
    case .tcp(let host, let port):
      var hints = unsafe addrinfo()
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : 0)
      var list: UnsafeMutablePointer<addrinfo>?
      let status = unsafe getaddrinfo(host, "\(port)", &hints, &list)
      guard status == 0 else {
        throw TransportError(
          "\(address)", .unresolved(unsafe String(cString: gai_strerror(status))))
      }
      defer { unsafe freeaddrinfo(list) }
      var result: [Address] = []
      var next = unsafe list
      while let info = unsafe next?.pointee {
        // SAFETY: the resolver gives ai_addrlen bytes of an address.
        let bytes = unsafe [UInt8](
          UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
        unsafe result.append(Address(family: info.ai_family, bytes: bytes))
        unsafe next = info.ai_next
      }
      return result
    }
  }

  /// A stream socket of a family; it closes on exec.
  static func make(_ family: Int32) throws(Errno) -> FileDescriptor {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: descriptor)
  }

  /// Waits until a socket can be read or written: ETIMEDOUT after `end`, and EINTR if a signal asks
  /// to give up, one between two calls of `poll` too.
  static func wait(
    for event: Int32, of descriptor: Int32, until end: ContinuousClock.Instant,
    isInterrupted: () -> Bool = { Interruption.isRequested }
  ) throws(Errno) {
    while true {
      let left = min(max(.zero, end - .now), .seconds(1)) / .milliseconds(1)
      var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
      let count = unsafe poll(&request, 1, Int32(left.rounded(.up)))
      if count > 0 { return }
      if isInterrupted() { throw .interrupted }
      if count == 0, end <= .now { throw .timedOut }
    }
  }
}
