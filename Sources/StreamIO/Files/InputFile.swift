import ByteIO
private import Glibc
import SystemPackage

/// A file, pipe or device that is read; closed when it goes.
public struct InputFile: ~Copyable {
  /// The file as the user named it; `-` is standard input.
  public let path: String
  private let descriptor: FileDescriptor
  private let isOwned: Bool
  /// The size of a regular file or block device, in bytes; nil for whatever cannot be read at an offset.
  public let byteCount: UInt64?

  /// Opens the file at `path`, or takes standard input for `-`.
  public init(path: String) throws(StreamIOError) {
    let descriptor: FileDescriptor
    if path == "-" {
      descriptor = .standardInput
    } else {
      do throws(Errno) {
        descriptor = try FileDescriptor.open(path, flags: O_RDONLY)
      } catch {
        throw StreamIOError(path, .system(error, attempting: "open"))
      }
    }
    try self.init(descriptor, path: path, isOwned: path != "-")
  }

  private init(
    _ descriptor: FileDescriptor, path: String, isOwned: Bool
  ) throws(StreamIOError) {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
      let code = Errno(rawValue: errno)
      if isOwned { try? descriptor.close() }
      throw StreamIOError(path, .system(code, attempting: "read"))
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFIFO { descriptor.widenPipe() }
    if kind == S_IFDIR {
      if isOwned { try? descriptor.close() }
      throw StreamIOError(path, .system(.isDirectory, attempting: "read"))
    }
    // Standard input may be a regular file whose position is not its start; then it is read on from there.
    let position = (try? descriptor.seek(offset: 0, from: .current)) ?? -1
    let isSeekable = (kind == S_IFREG || kind == S_IFBLK) && position == 0
    let end = isSeekable ? (try? descriptor.seek(offset: 0, from: .end)) : nil
    if isSeekable { _ = try? descriptor.seek(offset: 0, from: .start) }
    byteCount = end.map { UInt64(clamping: $0) }
    self.path = path
    self.descriptor = descriptor
    self.isOwned = isOwned
  }

  deinit {
    if isOwned { try? descriptor.close() }
  }

  /// Reads once into the front of `span`, from `offset` or from where the last read ended; 0 at the end.
  public borrowing func read(
    into span: inout MutableRawSpan, at offset: UInt64? = nil
  ) throws(StreamIOError) -> Int {
    do throws(Errno) {
      return try descriptor.read(into: &span, at: offset)
    } catch {
      throw StreamIOError(path, .system(error, attempting: "read"))
    }
  }

  /// Whether a read would not wait for bytes to come, as one of a pipe may. The corresponding C function is `poll`.
  borrowing func isReadable() -> Bool {
    if byteCount != nil { return true }
    var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&request, 1, 0) != 0
  }

  /// The same content as a file that can be read at any offset: this one, or a copy of it without a name in `TMPDIR`.
  public consuming func seekable() throws(StreamIOError) -> InputFile {
    if byteCount != nil { return self }
    let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    let copy: FileDescriptor
    do throws(Errno) {
      copy = try FileDescriptor.openNameless(in: directory, O_RDWR)
    } catch {
      throw StreamIOError(directory, .system(error, attempting: "make a temporary file"))
    }
    do throws(StreamIOError) {
      try self.copy(to: copy, in: directory)
      _ = try? copy.seek(offset: 0, from: .start)
    } catch {
      try? copy.close()
      throw error
    }
    return try InputFile(copy, path: path, isOwned: true)
  }

  private borrowing func copy(
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
