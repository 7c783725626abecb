public import ByteIO
private import Glibc
public import SystemPackage

/// A file that appears under its name only when it is whole.
///
/// Regular files are written without a name (`O_TMPFILE`), or under a temporary one if the file
/// system has no such thing, and put in place by `finish()`; until then whatever had the name keeps
/// it, and a program that is killed leaves nothing behind. Pipes, devices, standard output and
/// descriptors are written directly.
///
/// A program that writes into pipes or sockets ignores SIGPIPE, so that it hears of EPIPE instead.
public struct OutputFile: ~Copyable, ByteSink {
  /// The file as the user named it; `-` is standard output.
  public let name: String
  private let descriptor: FileDescriptor
  private var placement: Placement
  private let space = Preallocation()

  private enum Placement {
    /// Written directly; `isOwned` if the descriptor is ours to close.
    case direct(isOwned: Bool)
    /// Put in place, or given up.
    case finished
    /// To be renamed from `temporary`, which does not exist yet if the file `isNameless`.
    case rename(from: String, to: String, isNameless: Bool)
  }

  /// Takes over a descriptor that is open: of a pipe, a socket, a memfd, a file, blocking or not.
  ///
  /// What is written goes to where its position is; it is closed with the file. Errors call it
  /// `name`.
  public init(descriptor: FileDescriptor, name: String) {
    self.name = name
    self.descriptor = descriptor
    placement = .direct(isOwned: true)
    descriptor.widenPipe()
  }

  /// Prepares to write to `path`, or to standard output for `-`.
  public init(path: String) throws(StreamIOError) {
    name = path
    if path == "-" {
      descriptor = .standardOutput
      placement = .direct(isOwned: false)
      descriptor.widenPipe()
      return
    }
    let existing = Self.status(of: path)
    let kind = existing.map { $0.st_mode & S_IFMT }
    if kind == S_IFDIR { throw StreamIOError(path, .system(.isDirectory, attempting: "write")) }
    if let kind, kind != S_IFREG {
      descriptor = try Self.open(path, path, O_WRONLY)
      placement = .direct(isOwned: true)
      descriptor.widenPipe()
      return
    }
    let target = try Self.resolved(path)
    let directory = Self.directory(of: target)
    let temporary = Self.temporaryName(for: target)
    // The mode of the file that is replaced; else what the umask leaves of rw-rw-rw-.
    let mode = existing.map { $0.st_mode & 0o7777 }
    if let nameless = try? FileDescriptor.openNameless(in: directory, O_WRONLY) {
      descriptor = nameless
      placement = .rename(from: temporary, to: target, isNameless: true)
    } else {
      descriptor = try Self.open(path, temporary, O_WRONLY | O_CREAT | O_EXCL)
      placement = .rename(from: temporary, to: target, isNameless: false)
    }
    if let mode { fchmod(descriptor.rawValue, mode) }
  }

  deinit {
    switch placement {
    case .finished: break
    case .direct(let isOwned):
      if isOwned { try? descriptor.close() }
    case .rename(let temporary, _, let isNameless):
      try? descriptor.close()
      if !isNameless { unsafe unlink(temporary) }
    }
  }

  /// Whether what is written goes to another process or host, through a pipe or a socket.
  public var isPipe: Bool {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { return false }
    return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  /// Writes all of `head` and then all of `body`; the corresponding C function is `writev`.
  public borrowing func write(_ head: RawSpan, _ body: RawSpan = RawSpan()) throws(StreamIOError) {
    if case .rename = placement { space.reserve(head.byteCount + body.byteCount, in: descriptor) }
    do throws(Errno) {
      try descriptor.writeAll(head, body)
    } catch {
      throw StreamIOError(name, .system(error, attempting: "write"))
    }
  }

  /// Leaves out `count` bytes, which then are zero: a hole in a regular file, written anywhere
  /// else.
  public borrowing func skip(_ count: UInt64) throws(StreamIOError) {
    if case .rename = placement {
      // What is left out is to be a hole.
      space.giveBack(in: descriptor)
      let position = lseek(descriptor.rawValue, 0, SEEK_CUR)
      let (end, overflow) = position.addingReportingOverflow(off_t(clamping: count))
      guard !overflow, position >= 0, ftruncate(descriptor.rawValue, end) == 0,
        lseek(descriptor.rawValue, end, SEEK_SET) == end
      else {
        let code = overflow ? Errno.fileTooLarge : Errno(rawValue: errno)
        throw StreamIOError(name, .system(code, attempting: "write at \(position) + \(count)"))
      }
      return
    }
    let zeros = [UInt8](repeating: 0, count: Int(min(count, 1 << 20)))
    var left = count
    while left > 0 {
      let part = Int(min(left, UInt64(zeros.count)))
      try write(zeros.span.raw.extracting(first: part))
      left -= UInt64(part)
    }
  }

  /// Puts the file in place. Without it, nothing was written as far as anybody can see.
  public mutating func finish() throws(StreamIOError) {
    let placement = placement
    self.placement = .finished
    switch placement {
    case .finished: break
    case .direct(let isOwned):
      if isOwned { try Self.close(descriptor, name) }
    case .rename(let temporary, let target, let isNameless):
      space.giveBack(in: descriptor)
      if isNameless {
        let link = unsafe linkat(
          AT_FDCWD, "/proc/self/fd/\(descriptor.rawValue)", AT_FDCWD, temporary,
          AT_SYMLINK_FOLLOW)
        if link != 0 {
          let code = Errno(rawValue: errno)
          try? descriptor.close()
          throw StreamIOError(name, .system(code, attempting: "name the finished file"))
        }
      }
      do throws(StreamIOError) {
        // Some file systems report a failed write only here.
        try Self.close(descriptor, name)
        guard unsafe rename(temporary, target) == 0 else {
          throw StreamIOError(name, .system(Errno(rawValue: errno), attempting: "replace"))
        }
      } catch {
        unsafe unlink(temporary)
        throw error
      }
    }
  }

  private static func close(
    _ descriptor: FileDescriptor, _ path: String
  ) throws(StreamIOError) {
    guard Glibc.close(descriptor.rawValue) == 0 else {
      throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "finish"))
    }
  }

  private static func open(
    _ path: String, _ file: String, _ flags: CInt
  ) throws(StreamIOError) -> FileDescriptor {
    do throws(Errno) {
      return try FileDescriptor.open(file, flags: flags)
    } catch {
      throw StreamIOError(path, .system(error, attempting: "write"))
    }
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  /// Where a symbolic link leads, whether or not something is there: that is replaced, not the
  /// link.
  private static func resolved(_ path: String) throws(StreamIOError) -> String {
    var target = path
    // As many as the kernel follows.
    for _ in 0..<40 {
      let link = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { room in
        guard let base = room.baseAddress else { return nil as String? }
        let count = unsafe readlink(target, base, room.count)
        guard count >= 0 else { return nil }
        return unsafe String(decoding: UnsafeRawBufferPointer(room).prefix(count), as: UTF8.self)
      }
      guard let link else { return target }
      target = link.first == "/" ? link : "\(directory(of: target))/\(link)"
    }
    throw StreamIOError(path, .system(.tooManySymbolicLinkLevels, attempting: "write"))
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func temporaryName(for path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    return path[..<start] + ".\(path[start...].prefix(200)).\(suffix).tmp"
  }
}
