private import ByteIO
private import CGlibc
public import Devices
private import Glibc
public import SystemPackage

/// Passes open devices on to another process: by inheritance, or over a Unix socket.
///
/// What is restored in a device lasts as long as its descriptors are open, so whoever runs it next
/// gets those.
public enum HandOver {
  /// The variable that tells a command which descriptors it inherited: `InheritedDevice.text(of:)`.
  public static let environmentVariable = "FERRY_FDS"

  /// Has the descriptors stay open in a program that this process becomes or starts.
  ///
  /// The corresponding C function is `fcntl` with `F_SETFD`.
  public static func keepOnExec(_ devices: [InheritedDevice]) throws(LinuxErrno) {
    for descriptor in devices.flatMap(\.descriptors) {
      guard fcntl(descriptor.rawValue, F_SETFD, 0) == 0 else { throw LinuxErrno(rawValue: errno) }
    }
  }

  /// Why devices were not handed over.
  public enum SendError: Error, Sendable, Hashable {
    case system(LinuxErrno)
    /// The one who listens is another user than may have them.
    case otherUser(UInt32, wanted: UInt32)
    /// Nothing says that they were taken; the text says what came instead.
    case unacknowledged(String)
  }

  /// Connects to the Unix stream socket at `path`, which may be no symbolic link, and at which
  /// `user` must listen, or root.
  public static func connect(
    to path: FilePath, user: UInt32
  ) throws(SendError) -> FileDescriptor {
    // O_PATH, which Glibc hides behind _GNU_SOURCE: what is looked at is what is connected to.
    let place = unsafe path.withPlatformString {
      unsafe open($0, 0o10_000_000 | O_NOFOLLOW | O_CLOEXEC)
    }
    guard place >= 0 else { throw .system(LinuxErrno(rawValue: errno)) }
    defer { close(place) }
    var status = stat()
    guard unsafe fstat(place, &status) == 0 else { throw .system(LinuxErrno(rawValue: errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFSOCK: break
    case S_IFLNK: throw .system(LinuxErrno(rawValue: ELOOP))
    default: throw .system(LinuxErrno(rawValue: ENOTSOCK))
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(LinuxErrno(rawValue: errno)) }
    do throws(SendError) {
      do throws(LinuxErrno) {
        try UnixSocket.connect(descriptor, to: "/proc/self/fd/\(place)")
      } catch {
        throw .system(error)
      }
      try check(descriptor, isOf: user)
    } catch {
      close(descriptor)
      throw error
    }
    return FileDescriptor(rawValue: descriptor)
  }

  /// Throws unless `user` is at the other end, or root; the corresponding C function is
  /// `getsockopt` with `SO_PEERCRED`.
  private static func check(_ descriptor: Int32, isOf user: UInt32) throws(SendError) {
    let found: UInt32
    do throws(LinuxErrno) {
      found = try UnixSocket.peer(of: descriptor).user
    } catch {
      throw .system(error)
    }
    guard found == user || found == 0 else { throw .otherUser(found, wanted: user) }
  }

  /// The byte by which the receiver says that it holds the devices: ACK of ASCII.
  public static let acknowledgement: UInt8 = 0x06

  /// Sends the devices and waits until the receiver says that it holds them, at most `time`.
  ///
  /// Unless this returns, they are this process's as before, whatever the receiver does with what
  /// it was sent.
  public static func pass(
    _ devices: [InheritedDevice], over socket: FileDescriptor, within time: Duration
  ) throws(SendError) {
    do throws(LinuxErrno) {
      try send(devices, over: socket)
    } catch {
      throw .system(error)
    }
    let end = ContinuousClock.now + time
    while true {
      let left = max(.zero, end - ContinuousClock.now) / .milliseconds(1)
      var request = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
      let count = unsafe poll(&request, 1, Int32(clamping: Int(left.rounded(.up))))
      if count > 0 { break }
      guard count == 0 || errno == EINTR else { throw .system(LinuxErrno(rawValue: errno)) }
      if Interruption.isRequested { throw .unacknowledged("a signal") }
      if count == 0 { throw .unacknowledged("nothing for \(time)") }
    }
    var byte: UInt8 = 0
    let count = unsafe recv(socket.rawValue, &byte, 1, 0)
    if count < 0 { throw .system(LinuxErrno(rawValue: errno)) }
    guard count == 1 else { throw .unacknowledged("the end of the connection") }
    guard byte == acknowledgement else { throw .unacknowledged("byte 0x\(hex(byte))") }
  }

  /// Tells the sender that the devices are held here, once they can be.
  public static func acknowledge(over socket: FileDescriptor) throws(LinuxErrno) {
    var byte = acknowledgement
    let sent = unsafe Glibc.send(socket.rawValue, &byte, 1, Int32(MSG_NOSIGNAL))
    guard sent == 1 else { throw LinuxErrno(rawValue: errno) }
  }

  /// The most bytes of a message.
  static let messageByteLimit = 1 << 16

  /// Sends the devices in one message: the text of `InheritedDevice.text(of:)` and a line feed, in
  /// which a descriptor's number is its place, from 0 on, among the descriptors that come with the
  /// message (`SCM_RIGHTS`).
  public static func send(
    _ devices: [InheritedDevice], over socket: FileDescriptor
  ) throws(LinuxErrno) {
    var descriptors: [Int32] = []
    let renumbered = devices.map { device in
      device.renumbering { descriptor in
        descriptors.append(descriptor.rawValue)
        return FileDescriptor(rawValue: Int32(descriptors.count - 1))
      }
    }
    let text = [UInt8]((InheritedDevice.text(of: renumbered) + "\n").utf8)
    guard text.count <= messageByteLimit else { throw LinuxErrno(rawValue: EMSGSIZE) }
    let sent = unsafe ferry_send(
      socket.rawValue, text, text.count, descriptors, descriptors.count, 1)
    guard sent >= 0 else { throw LinuxErrno(rawValue: Int32(clamping: -sent)) }
    // The descriptors went with the first byte; a socket that took no more is as good as closed.
    guard sent == text.count else { throw LinuxErrno(rawValue: EPIPE) }
  }

  /// Why no devices came.
  public enum ReceiveError: Error, Sendable, Hashable {
    case system(LinuxErrno)
    /// The sender went without a message.
    case closed
    case malformed(String)
  }

  /// Receives what `send` sent, with descriptors of this process. After an error none of them is
  /// open.
  public static func receive(
    from socket: FileDescriptor
  ) throws(ReceiveError) -> [InheritedDevice] {
    var text = [UInt8](repeating: 0, count: messageByteLimit)
    var numbers = [Int32](repeating: -1, count: Int(FERRY_DESCRIPTORS_MAX))
    var count = 0
    let received = unsafe ferry_receive(
      socket.rawValue, &text, messageByteLimit, &numbers, numbers.count, &count)
    let descriptors = numbers[..<count].map(FileDescriptor.init(rawValue:))
    do throws(ReceiveError) {
      guard received >= 0 else { throw .system(LinuxErrno(rawValue: Int32(clamping: -received))) }
      guard received > 0 else { throw .closed }
      guard text[received - 1] == UInt8(ascii: "\n") else {
        throw .malformed("expected a line feed at the end of the message")
      }
      return try renumber(
        String(decoding: text[..<(received - 1)], as: UTF8.self), by: descriptors)
    } catch {
      for descriptor in descriptors { close(descriptor.rawValue) }
      throw error
    }
  }

  private static func renumber(
    _ text: String, by descriptors: [FileDescriptor]
  ) throws(ReceiveError) -> [InheritedDevice] {
    let devices: [InheritedDevice]
    do throws(InheritedDevice.Malformed) {
      devices = try InheritedDevice.devices(parsing: text)
    } catch {
      throw .malformed("\(error)")
    }
    let places = devices.flatMap(\.descriptors).map { Int($0.rawValue) }
    // Each once: one that nobody names would stay open for ever, and one named twice be closed
    // twice.
    guard places.sorted() == Array(descriptors.indices) else {
      throw .malformed(
        "expected each of \(descriptors.count) descriptors once, found \(places)")
    }
    return devices.map { device in
      device.renumbering { descriptors[Int($0.rawValue)] }
    }
  }
}

extension HandOver.SendError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let cause): "\(cause)"
    case .otherUser(let found, let wanted):
      "expected user \(wanted) or root to listen, found user \(found)"
    case .unacknowledged(let found):
      "expected byte 0x06 from whoever takes the devices, found \(found)"
    }
  }
}
