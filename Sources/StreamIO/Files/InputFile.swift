public import ByteIO
private import Glibc
public import SystemPackage

/// A file, pipe, socket or device that is read; closed when it goes.
public struct InputFile: ~Copyable, ByteSource, RandomAccessBytes {
  /// The file as the user named it; `-` is standard input.
  public let name: String
  private let descriptor: FileDescriptor
  private let isOwned: Bool
  /// The size of a regular file or block device, in bytes; nil for whatever cannot be read at an
  /// offset.
  public private(set) var byteCount: UInt64?
  private var filter: (any InputFilter)?
  private let lookahead = Lookahead()

  /// Opens the file at `path`, or takes standard input for `-`.
  public init(path: String) throws(StreamIOError) {
    let descriptor: FileDescriptor
    if path == "-" {
      descriptor = .standardInput
    } else {
      do throws(Errno) {
        descriptor = try FileDescriptor.open(PathBytes(text: path), flags: O_RDONLY)
      } catch {
        throw StreamIOError(path, .system(error, attempting: "open"))
      }
    }
    try self.init(descriptor, name: path, isOwned: path != "-")
  }

  /// Takes over a descriptor that is open: of a pipe, a socket, a memfd, a file, blocking or not.
  ///
  /// It is closed with the file, also if this throws. What has a size is read from its start,
  /// wherever the position of the descriptor is. Errors call it `name`.
  public init(descriptor: FileDescriptor, name: String) throws(StreamIOError) {
    // What has no position stays as it is.
    _ = try? descriptor.seek(offset: 0, from: .start)
    try self.init(descriptor, name: name, isOwned: true)
  }

  private init(
    _ descriptor: FileDescriptor, name: String, isOwned: Bool
  ) throws(StreamIOError) {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
      let code = Errno(rawValue: errno)
      if isOwned { try? descriptor.close() }
      throw StreamIOError(name, .system(code, attempting: "read"))
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFIFO { descriptor.widenPipe() }
    if kind == S_IFDIR {
      if isOwned { try? descriptor.close() }
      throw StreamIOError(name, .system(.isDirectory, attempting: "read"))
    }
    // Standard input may be a regular file whose position is not its start; then it is read on from
    // there.
    let position = (try? descriptor.seek(offset: 0, from: .current)) ?? -1
    let isSeekable = (kind == S_IFREG || kind == S_IFBLK) && position == 0
    let end = isSeekable ? (try? descriptor.seek(offset: 0, from: .end)) : nil
    if isSeekable { _ = try? descriptor.seek(offset: 0, from: .start) }
    byteCount = end.map { UInt64(clamping: $0) }
    self.name = name
    self.descriptor = descriptor
    self.isOwned = isOwned
  }

  deinit {
    if isOwned { try? descriptor.close() }
  }

  /// Reads once; the corresponding C function is `read`.
  public borrowing func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    guard let filter else { return try read(into: &span, from: nil) }
    return try filter.read(into: &span, of: name) { (span) throws(StreamIOError) in
      try read(into: &span, from: nil)
    }
  }

  /// Has the file's bytes from `offset` on pass through `filter`: what comes of them can be read
  /// once, and from its start.
  ///
  /// The file must be one that can be read at an offset.
  public mutating func filter(
    by filter: any InputFilter, from offset: UInt64
  ) throws(StreamIOError) {
    precondition(byteCount != nil, "a pipe has no offset to begin at")
    do throws(Errno) {
      try descriptor.seek(to: offset)
    } catch {
      throw StreamIOError(name, .system(error, attempting: "read"))
    }
    self.filter = filter
    byteCount = nil
  }

  /// Reads once at an offset; the corresponding C function is `pread`.
  public borrowing func read(
    into span: inout MutableRawSpan, at offset: UInt64
  ) throws(StreamIOError) -> Int {
    try read(into: &span, from: offset)
  }

  private borrowing func read(
    into span: inout MutableRawSpan, from offset: UInt64?
  ) throws(StreamIOError) -> Int {
    if offset == nil, lookahead.bytes.count > 0 { return lookahead.take(into: &span) }
    do throws(Errno) {
      return try descriptor.read(into: &span, at: offset)
    } catch {
      throw StreamIOError(name, .system(error, attempting: "read"))
    }
  }

  /// The first bytes, at most `count` of them, which stay to be read.
  ///
  /// A file that cannot be read at an offset must not have been read before; it is waited for until
  /// it gave `least` bytes or ended.
  public borrowing func prefix(
    _ count: Int, atLeast least: Int
  ) throws(StreamIOError) -> [UInt8] {
    guard byteCount == nil else {
      var buffer = ByteBuffer()
      try read(into: &buffer, at: 0, count: count)
      return [UInt8](buffer.bytes)
    }
    while lookahead.bytes.count < least {
      let room = count - lookahead.bytes.count
      let got = try lookahead.fill(limit: room) { (span) throws(StreamIOError) in
        do throws(Errno) {
          return try descriptor.read(into: &span)
        } catch {
          throw StreamIOError(name, .system(error, attempting: "read"))
        }
      }
      if got == 0 { break }
    }
    return Array(lookahead.bytes.prefix(count))
  }

  /// Seeks forward, within the file; 0 if the file cannot.
  public borrowing func skip(_ count: UInt64) throws(StreamIOError) -> UInt64 {
    guard let byteCount, let position = try? descriptor.seek(offset: 0, from: .current)
    else { return 0 }
    let left = byteCount - min(UInt64(position), byteCount)
    let skipped = min(count, left)
    guard (try? descriptor.seek(offset: Int64(skipped), from: .current)) != nil else { return 0 }
    return skipped
  }

  /// The same file once more, to be read at any offset; the corresponding C function is `dup`.
  ///
  /// Of a file that can be read at an offset. What is read from start to end moves both.
  public borrowing func duplicate() throws(StreamIOError) -> InputFile {
    let copy: FileDescriptor
    do throws(Errno) {
      copy = try descriptor.copy()
    } catch {
      throw StreamIOError(name, .system(error, attempting: "read"))
    }
    return try InputFile(copy, name: name, isOwned: true)
  }

  /// Whether a read would not wait for bytes to come, as one of a pipe may.
  ///
  /// The corresponding C function is `poll`.
  public var isReady: Bool {
    if byteCount != nil || filter != nil || lookahead.bytes.count > 0 { return true }
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) != 0
  }

  /// The same content as a file that can be read at any offset: this one, or a copy of it without
  /// a name in `TMPDIR`.
  public consuming func seekable() throws(StreamIOError) -> InputFile {
    if byteCount != nil { return self }
    let folder = unsafe getenv("TMPDIR").map { unsafe PathBytes(cString: $0) }
    let directory = folder ?? PathBytes(text: "/tmp")
    let copy: FileDescriptor
    do throws(Errno) {
      copy = try FileDescriptor.openNameless(in: directory, O_RDWR)
    } catch {
      throw StreamIOError(
        directory.text, .system(error, attempting: "make a temporary file"))
    }
    do throws(StreamIOError) {
      try self.copy(to: copy, in: directory.text)
    } catch {
      try? copy.close()
      throw error
    }
    return try InputFile(descriptor: copy, name: name)
  }

  private mutating func copy(
    to target: FileDescriptor, in directory: String
  ) throws(StreamIOError) {
    var buffer = ByteBuffer(capacity: 1 << 18)
    while true {
      buffer.removeAll()
      try read(into: &buffer, upTo: buffer.capacity)
      if buffer.count == 0 { return }
      do throws(Errno) {
        try target.writeAll(buffer.bytes, RawSpan())
      } catch {
        throw StreamIOError(directory, .system(error, attempting: "write a temporary file"))
      }
    }
  }
}

extension ByteSource where Self: ~Copyable, Failure == StreamIOError {
  /// All bytes of a small source; an error if there are more than `limit`.
  public consuming func contents(limit: Int) throws(StreamIOError) -> [UInt8] {
    var source = self
    var buffer = ByteBuffer()
    var room = 4096
    repeat {
      room = min(room * 4, limit + 1)
      try source.read(into: &buffer, upTo: room)
    } while buffer.count == room && room <= limit
    guard buffer.count <= limit else {
      throw StreamIOError(
        source.name, .content("expected at most \(limit) bytes, found more"))
    }
    return [UInt8](buffer.bytes)
  }
}
