private import CVFIO
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

  /// Connects to the Unix stream socket at `path`.
  public static func connect(to path: String) throws(LinuxErrno) -> FileDescriptor {
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
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LinuxErrno(rawValue: errno) }
    // SAFETY: a sockaddr_un is a sockaddr of the length given.
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe Glibc.connect(
          descriptor, pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let error = LinuxErrno(rawValue: errno)
      close(descriptor)
      throw error
    }
    return FileDescriptor(rawValue: descriptor)
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
    let sent = unsafe cvfio_send(
      socket.rawValue, text, text.count, descriptors, descriptors.count)
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
    var numbers = [Int32](repeating: -1, count: Int(CVFIO_DESCRIPTORS_MAX))
    var count = 0
    let received = unsafe cvfio_receive(
      socket.rawValue, &text, messageByteLimit, &numbers, &count)
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
