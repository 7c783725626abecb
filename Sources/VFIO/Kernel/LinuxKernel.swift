private import ByteIO
private import CVFIO
public import Devices
private import Glibc
public import SystemPackage

/// The kernel that this process runs on.
public final class LinuxKernel: KernelInterface {
  /// The kernel. A call that a signal interrupts is made again, unless `Interruption` is requested.
  public init() {}

  /// Makes a call that returns a negated errno if it fails.
  private func result(_ call: () -> Int) throws(LinuxErrno) -> Int {
    try Interruption.retrying(after: LinuxErrno.interrupted) { () throws(LinuxErrno) in
      let result = call()
      if result < 0 { throw LinuxErrno(rawValue: Int32(clamping: -result)) }
      return result
    }
  }

  // Reads errno next to the call.
  private static func negated(_ result: Int) -> Int { result < 0 ? -Int(errno) : result }

  public func open(_ path: String, _ access: FileAccess) throws(LinuxErrno) -> FileDescriptor {
    // What is only read is a file of sysfs or procfs; a pipe in its place is not waited for.
    let flags = (access == .read ? O_RDONLY | O_NONBLOCK : O_RDWR) | O_CLOEXEC
    let number = try result {
      unsafe PathBytes(text: path).withCString { path in
        Self.negated(Int(unsafe Glibc.open(path, flags)))
      }
    }
    return FileDescriptor(rawValue: Int32(number))
  }

  public func close(_ descriptor: FileDescriptor) {
    // Linux has let go of the descriptor whatever close says.
    _ = Glibc.close(descriptor.rawValue)
  }

  public func read(
    _ descriptor: FileDescriptor, into span: inout MutableRawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    // SAFETY: the buffer is the span's own memory, used inside the closure only.
    try unsafe span.withUnsafeMutableBytes { buffer throws(LinuxErrno) in
      try result {
        if let offset {
          return Self.negated(
            unsafe Glibc.pread(
              descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(clamping: offset)))
        }
        return Self.negated(
          unsafe Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count))
      }
    }
  }

  public func write(
    _ descriptor: FileDescriptor, _ bytes: RawSpan, at offset: UInt64?
  ) throws(LinuxErrno) -> Int {
    // SAFETY: the buffer is the span's own memory, used inside the closure only.
    try unsafe bytes.withUnsafeBytes { buffer throws(LinuxErrno) in
      try result {
        if let offset {
          return Self.negated(
            unsafe Glibc.pwrite(
              descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(clamping: offset)))
        }
        return Self.negated(
          unsafe Glibc.write(descriptor.rawValue, buffer.baseAddress, buffer.count))
      }
    }
  }

  public func isReadable(_ descriptor: FileDescriptor) throws(LinuxErrno) -> Bool {
    var polled = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    _ = try result { Self.negated(Int(unsafe poll(&polled, 1, 0))) }
    // The call itself succeeds for a descriptor that is not open.
    guard polled.revents & Int16(POLLNVAL) == 0 else { throw .badDescriptor }
    return polled.revents & Int16(POLLIN) != 0
  }

  public func control(
    _ descriptor: FileDescriptor, _ request: IoctlRequest, _ argument: inout IoctlArgument
  ) throws(LinuxErrno) -> Int32 {
    let number = UInt(request.rawValue)
    guard !argument.bytes.isEmpty else {
      let value = UInt(argument.value)
      return Int32(
        clamping: try result { Int(cvfio_ioctl(descriptor.rawValue, number, value)) })
    }
    // Both arrays are taken out, so that the two are memory of their own for the call.
    var bytes: [UInt8] = []
    var memory: [UInt8] = []
    swap(&bytes, &argument.bytes)
    let pointerOffset = argument.memory?.pointerOffset
    if pointerOffset != nil { memory = argument.memory?.bytes ?? [] }
    defer {
      swap(&bytes, &argument.bytes)
      if pointerOffset != nil { argument.memory?.bytes = memory }
    }
    // SAFETY: structure and memory outlive the call. The structure says how long both are, and
    // whoever made it of Swift values took the lengths from these arrays.
    let result: Result<Int, LinuxErrno> = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe memory.withUnsafeMutableBytes { memory in
        let hasPointer = pointerOffset.map { $0 >= 0 && $0 + 8 <= bytes.count } ?? false
        if let pointerOffset, hasPointer {
          let address = UInt64(UInt(bitPattern: memory.baseAddress))
          unsafe bytes.storeBytes(of: address, toByteOffset: pointerOffset, as: UInt64.self)
        }
        let structure = UInt(bitPattern: bytes.baseAddress)
        let result = Result { () throws(LinuxErrno) in
          try self.result { Int(cvfio_ioctl(descriptor.rawValue, number, structure)) }
        }
        if let pointerOffset, hasPointer {
          unsafe bytes.storeBytes(of: 0, toByteOffset: pointerOffset, as: UInt64.self)
        }
        return result
      }
    }
    return Int32(clamping: try result.get())
  }

  public func link(at path: String) throws(LinuxErrno) -> String {
    let room = Int(PATH_MAX)
    var characters = [CChar](repeating: 0, count: room)
    let count = try result {
      unsafe PathBytes(text: path).withCString { path in
        Self.negated(unsafe Glibc.readlink(path, &characters, room))
      }
    }
    return PathBytes(characters[..<count].map(UInt8.init(bitPattern:))).text
  }

  public func entries(of path: String) throws(LinuxErrno) -> [String] {
    guard let directory = unsafe PathBytes(text: path).withCString({ unsafe opendir($0) }) else {
      throw LinuxErrno(rawValue: errno)
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      // SAFETY: d_name ends in a zero byte; the entry is the directory's until the next call.
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
        unsafe PathBytes([UInt8]($0.prefix { $0 != 0 })).text
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  public func release() -> String {
    var names = utsname()
    guard unsafe uname(&names) == 0 else { return "of an unknown release" }
    // SAFETY: the field ends in a zero byte.
    return unsafe withUnsafeBytes(of: &names.release) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
