private import ByteIO
private import CGlibc
public import Devices
private import Glibc
public import SystemPackage

/// Unix stream sockets: the calls that Swift has no name for.
public enum UnixSocket {
  /// Who is at the other end of a socket, as of when it connected (`struct ucred`).
  public struct Peer: Sendable, Hashable {
    /// The process; 0 if it is in another namespace.
    public let process: UInt32
    /// Its effective user.
    public let user: UInt32
    /// Its effective group.
    public let group: UInt32
  }

  /// A stream socket that nothing is connected to; it closes on exec.
  public static func make() throws(LinuxErrno) -> FileDescriptor {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LinuxErrno(rawValue: errno) }
    return FileDescriptor(rawValue: descriptor)
  }

  /// The address of a path, which must leave room for a zero byte (ENAMETOOLONG).
  private static func address(of path: String) throws(LinuxErrno) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = [UInt8](path.utf8)
    // SAFETY: the copy stays within the field, and leaves a zero byte at its end.
    let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { field in
      guard bytes.count < field.count else { return false }
      unsafe field.copyBytes(from: bytes)
      return true
    }
    guard fits else { throw LinuxErrno(rawValue: ENAMETOOLONG) }
    return address
  }

  private static func with(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(LinuxErrno) {
    let address = try address(of: path)
    // SAFETY: a sockaddr_un is a sockaddr of the length given.
    let result = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw LinuxErrno(rawValue: errno) }
  }

  /// Connects a socket to whoever listens at `path`.
  public static func connect(_ descriptor: Int32, to path: String) throws(LinuxErrno) {
    // A connection to a Unix socket that a signal interrupts has not begun.
    try Interruption.retrying(after: LinuxErrno.interrupted) { () throws(LinuxErrno) in
      try unsafe with(path) { unsafe Glibc.connect(descriptor, $0, $1) }
    }
  }

  /// A socket that listens at `path`, which this user alone may connect to.
  ///
  /// A socket that stands there and that nobody listens at is taken away first; EADDRINUSE if
  /// somebody does, ENOTSOCK for anything else.
  public static func listen(at path: String) throws(LinuxErrno) -> FileDescriptor {
    let descriptor = try make()
    do throws(LinuxErrno) {
      do throws(LinuxErrno) {
        try bind(descriptor.rawValue, to: path)
      } catch  where error.rawValue == EADDRINUSE {
        guard try isAbandoned(path) else { throw error }
        _ = unsafe unlink(path)
        try bind(descriptor.rawValue, to: path)
      }
      guard Glibc.listen(descriptor.rawValue, 16) == 0 else { throw LinuxErrno(rawValue: errno) }
      return descriptor
    } catch {
      close(descriptor.rawValue)
      throw error
    }
  }

  /// Binds a socket whose file has the mode 0600 from its first moment.
  private static func bind(_ descriptor: Int32, to path: String) throws(LinuxErrno) {
    // The mode of the socket becomes that of the file (net/unix/af_unix.c, unix_bind_bsd).
    guard fchmod(descriptor, 0o600) == 0 else { throw LinuxErrno(rawValue: errno) }
    try unsafe with(path) { unsafe Glibc.bind(descriptor, $0, $1) }
  }

  /// Whether a socket stands at `path` that nobody listens at.
  private static func isAbandoned(_ path: String) throws(LinuxErrno) -> Bool {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw LinuxErrno(rawValue: errno) }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw LinuxErrno(rawValue: ENOTSOCK) }
    let probe = try make()
    defer { close(probe.rawValue) }
    do throws(LinuxErrno) {
      try connect(probe.rawValue, to: path)
      return false
    } catch {
      return error.rawValue == ECONNREFUSED
    }
  }

  /// The corresponding C function is `accept4`; the connection closes on exec.
  public static func accept(_ listener: Int32) throws(LinuxErrno) -> FileDescriptor {
    try Interruption.retrying(after: LinuxErrno.interrupted) { () throws(LinuxErrno) in
      let descriptor = ferry_accept(listener)
      guard descriptor >= 0 else { throw LinuxErrno(rawValue: -descriptor) }
      return FileDescriptor(rawValue: descriptor)
    }
  }

  /// The corresponding C function is `getsockopt` with `SO_PEERCRED`.
  public static func peer(of descriptor: Int32) throws(LinuxErrno) -> Peer {
    // struct ucred: the process, its user and its group.
    var credentials: [3 of UInt32] = [0, 0, 0]
    var byteCount = socklen_t(MemoryLayout<[3 of UInt32]>.size)
    // SAFETY: the call writes at most the bytes that it is told there are.
    let result = unsafe getsockopt(
      descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &byteCount)
    guard result == 0 else { throw LinuxErrno(rawValue: errno) }
    return Peer(process: credentials[0], user: credentials[1], group: credentials[2])
  }

  /// How long a call on the socket may wait, for reading and for writing (`SO_RCVTIMEO`,
  /// `SO_SNDTIMEO`); EAGAIN after it.
  public static func limit(_ descriptor: Int32, to time: Duration) throws(LinuxErrno) {
    let (seconds, attoseconds) = time.components
    var value = timeval(
      tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      let result = unsafe setsockopt(
        descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<timeval>.size))
      guard result == 0 else { throw LinuxErrno(rawValue: errno) }
    }
  }
}
