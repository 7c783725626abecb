private import ByteIO
public import Devices
public import SystemPackage

/// The system calls that this module makes, all of them: whoever stands in for the kernel sees what
/// a device is asked, and may record it, answer it from a record, or fail it.
///
/// Errors are the calls' own. No call is made from two threads at a time. Paths and names are text
/// as `PathBytes` has them, whose bytes need not be UTF-8.
public protocol KernelInterface: AnyObject {
  /// Opens a file that exists; it closes on exec.
  func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor

  /// Closes the descriptor; the corresponding C function is `close`.
  func close(_ descriptor: FileDescriptor)

  /// Reads once into the front of `span`, at `offset` or, without one, where the file stands; how
  /// many bytes came.
  ///
  /// The corresponding C functions are `read` and `pread`.
  func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int

  /// Writes once from the front of `bytes`; how many were taken.
  ///
  /// The corresponding C functions are `write` and `pwrite`.
  func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int

  /// Whether a read would not wait now, as the driver says; it is asked once, without waiting.
  ///
  /// The corresponding C function is `poll`, for POLLIN.
  func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool

  /// Makes a request of a driver, which may change `argument`; what the call returned.
  ///
  /// The corresponding C function is `ioctl`.
  func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32

  /// What the symbolic link at `path` says.
  ///
  /// The corresponding C function is `readlink`.
  func link(at path: String) throws(LinuxErrno) -> String

  /// The names in a directory, sorted.
  func entries(of path: String) throws(LinuxErrno) -> [String]

  /// The kernel's release, as in `6.12.117`.
  ///
  /// The corresponding C function is `uname`.
  func release() -> String
}

/// What a file is opened for.
public enum FileAccess: String, Sendable, Hashable {
  case read = "O_RDONLY"
  case readWrite = "O_RDWR"
}

extension KernelInterface {
  /// The whole of a small file, as those of sysfs are.
  func contents(of path: String, limit: Int = 4096) throws(LinuxErrno) -> [UInt8] {
    let file = KernelDescriptor(try open(path, .read), in: self)
    var buffer = ByteBuffer(capacity: limit)
    while buffer.count < limit {
      let got = try buffer.fill(limit: limit - buffer.count) { (span) throws(LinuxErrno) in
        try read(file.number, into: &span, at: nil)
      }
      if got == 0 { break }
    }
    return [UInt8](buffer.bytes)
  }

  /// The text of a small file without its last line feed.
  func text(of path: String) throws(LinuxErrno) -> String {
    let text = String(decoding: try contents(of: path), as: UTF8.self)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
