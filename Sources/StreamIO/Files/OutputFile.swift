public import ByteIO
private import Glibc
public import SystemPackage

/// A file that appears under its name only when it is whole.
///
/// Regular files are written without a name (`O_TMPFILE`), or under a temporary one if the file
/// system has no such thing, and put in place by `finish()`; until then whatever had the name keeps
/// it. A program that is killed in that moment, or at any on such a file system, may leave one
/// file, which the next that writes to the same place removes. Pipes, devices, standard output and
/// descriptors are written directly, also by the names that `/dev/stdout` and `/dev/fd` have for
/// them.
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
    /// To be put in the place of `target`, from a temporary name if it has one already.
    case file(target: PathBytes, temporary: TemporaryName?)
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
    do throws(Errno) {
      switch try OutputPlace(PathBytes(text: path)) {
      case .descriptor(let number):
        descriptor = try FileDescriptor(rawValue: number).copy()
        placement = .direct(isOwned: true)
        descriptor.widenPipe()
      case .existing(let path, let isOfProcess):
        descriptor = try FileDescriptor.open(
          path, flags: O_WRONLY | (isOfProcess ? O_APPEND : 0))
        placement = .direct(isOwned: true)
        descriptor.widenPipe()
      case .file(let target, let mode):
        (descriptor, placement) = try Self.open(target, mode: mode, isNameless: true)
      }
    } catch {
      throw StreamIOError(path, .system(error, attempting: "write"))
    }
  }

  /// Prepares to write to a regular file as on a file system that has no files without a name.
  package init(namedOnItsWayTo path: String) throws(StreamIOError) {
    name = path
    do throws(Errno) {
      (descriptor, placement) = try Self.open(
        PathBytes(text: path), mode: nil, isNameless: false)
    } catch {
      throw StreamIOError(path, .system(error, attempting: "write"))
    }
  }

  private static func open(
    _ target: PathBytes, mode: UInt32?, isNameless: Bool
  ) throws(Errno) -> (FileDescriptor, Placement) {
    TemporaryName.sweep(for: target)
    let descriptor: FileDescriptor
    let placement: Placement
    if isNameless, TemporaryName.canName,
      let nameless = try? FileDescriptor.openNameless(in: target.directory, O_WRONLY)
    {
      descriptor = nameless
      placement = .file(target: target, temporary: nil)
    } else {
      let temporary = try TemporaryName.create(for: target)
      descriptor = temporary.descriptor
      placement = .file(target: target, temporary: temporary.name)
    }
    // The mode of the file that is replaced; else what the umask leaves of rw-rw-rw-.
    if let mode { fchmod(descriptor.rawValue, mode) }
    return (descriptor, placement)
  }

  deinit {
    switch placement {
    case .finished: break
    case .direct(let isOwned):
      if isOwned { try? descriptor.close() }
    case .file(_, let temporary):
      temporary?.remove()
      try? descriptor.close()
    }
  }

  /// Removes the temporary names that files of this process have now, for a handler of a signal
  /// that ends it. To be called once before, outside a handler.
  public static func removeTemporaryNames() { SignalSlots.removeAll() }

  /// Whether what is written goes to another process or host, through a pipe or a socket.
  public var isPipe: Bool {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { return false }
    return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  /// Writes all of `head` and then all of `body`; the corresponding C function is `writev`.
  public borrowing func write(_ head: RawSpan, _ body: RawSpan = RawSpan()) throws(StreamIOError) {
    if case .file = placement { space.reserve(head.byteCount + body.byteCount, in: descriptor) }
    do throws(Errno) {
      try descriptor.writeAll(head, body)
    } catch {
      throw StreamIOError(name, .system(error, attempting: "write"))
    }
  }

  /// Leaves out `count` bytes, which then are zero: a hole in a regular file, written anywhere
  /// else.
  public borrowing func skip(_ count: UInt64) throws(StreamIOError) {
    if case .file = placement {
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
    case .file(let target, let temporary):
      space.giveBack(in: descriptor)
      do throws(StreamIOError) {
        try put(temporary, at: target)
      } catch {
        try? descriptor.close()
        throw error
      }
      // The lock goes with the last descriptor, when the file is in its place.
      try? descriptor.close()
    }
  }

  private borrowing func put(
    _ temporary: TemporaryName?, at target: PathBytes
  ) throws(StreamIOError) {
    let temporary = try attempting("name the finished file") { () throws(Errno) in
      if let temporary { temporary } else { try TemporaryName.naming(descriptor, for: target) }
    }
    do throws(StreamIOError) {
      // Some file systems report a failed write only when a descriptor is closed.
      let copy = try attempting("finish") { () throws(Errno) in try descriptor.copy() }
      try Self.close(copy, name)
    } catch {
      temporary.remove()
      throw error
    }
    try attempting("replace") { () throws(Errno) in try temporary.move(to: target) }
  }

  private borrowing func attempting<Result>(
    _ attempt: String, _ body: () throws(Errno) -> Result
  ) throws(StreamIOError) -> Result {
    do throws(Errno) {
      return try body()
    } catch {
      throw StreamIOError(name, .system(error, attempting: attempt))
    }
  }

  private static func close(
    _ descriptor: FileDescriptor, _ path: String
  ) throws(StreamIOError) {
    guard Glibc.close(descriptor.rawValue) == 0 else {
      throw StreamIOError(path, .system(Errno(rawValue: errno), attempting: "finish"))
    }
  }
}
