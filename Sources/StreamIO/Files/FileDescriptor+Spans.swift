import ByteIO
private import Glibc
import SystemPackage

extension FileDescriptor {
  /// Reads once into the front of `span`; the corresponding C functions are `read` and `pread`.
  func read(
    into span: inout MutableRawSpan, at offset: UInt64? = nil
  ) throws(Errno) -> Int {
    // SAFETY: the buffer is the span's own memory, used inside the closure only.
    try unsafe span.withUnsafeMutableBytes { (buffer) throws(Errno) in
      try transfer(POLLIN) {
        if let offset {
          return unsafe Glibc.pread(
            rawValue, buffer.baseAddress, buffer.count, off_t(clamping: offset))
        }
        return unsafe Glibc.read(rawValue, buffer.baseAddress, buffer.count)
      }
    }
  }

  /// Writes all of `head` and then all of `body`; the corresponding C function is `writev`.
  func writeAll(_ head: RawSpan, _ body: RawSpan) throws(Errno) {
    var written = 0
    while written < head.byteCount + body.byteCount {
      let first = head.extracting(min(written, head.byteCount)..<head.byteCount)
      let second = body.extracting(max(written - head.byteCount, 0)..<body.byteCount)
      // SAFETY: the vectors point into the spans, which live through the call; writev does not
      // write to them.
      written += try unsafe first.withUnsafeBytes { (first) throws(Errno) in
        try unsafe second.withUnsafeBytes { (second) throws(Errno) in
          let vectors: [2 of iovec] = unsafe [
            iovec(
              iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress),
              iov_len: first.count),
            iovec(
              iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress),
              iov_len: second.count),
          ]
          return try unsafe vectors.span.withUnsafeBufferPointer { (vectors) throws(Errno) in
            try transfer(POLLOUT) { unsafe Glibc.writev(rawValue, vectors.baseAddress, 2) }
          }
        }
      }
    }
  }

  /// Makes a call that moves bytes; if the descriptor does not wait itself, waits for `event`.
  private func transfer(_ event: CInt, _ call: () -> Int) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        return try retryingInterrupts(call)
      } catch {
        guard error == .wouldBlock else { throw error }
        var request = pollfd(fd: rawValue, events: Int16(event), revents: 0)
        _ = try retryingInterrupts { Int(unsafe poll(&request, 1, -1)) }
      }
    }
  }
}

extension FileDescriptor {
  /// Has a pipe hold a whole chunk on its way, if the system lets it; of anything else nothing
  /// changes.
  ///
  /// With the usual 64 KiB, either end waits for the other 16 times a chunk
  /// (`Benchmarks/README.md`).
  func widenPipe() {
    // F_GETPIPE_SZ and F_SETPIPE_SZ, which Glibc hides behind _GNU_SOURCE; one that is wider stays
    // so.
    let byteCount = fcntl(rawValue, 1032)
    if byteCount > 0, byteCount < 1 << 20 { _ = fcntl(rawValue, 1031, 1 << 20) }
  }

  /// A second descriptor of the same file; the corresponding C function is `dup`.
  func copy() throws(Errno) -> FileDescriptor {
    // F_DUPFD_CLOEXEC, which leaves it to no other program.
    let result = fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
    guard result >= 0 else { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: result)
  }

  /// Goes to a place from the file's start; the corresponding C function is `lseek`.
  func seek(to offset: UInt64) throws(Errno) {
    guard Glibc.lseek(rawValue, off_t(clamping: offset), SEEK_SET) >= 0 else {
      throw Errno(rawValue: errno)
    }
  }

  /// Opens a file by a C function's flags; the corresponding C function is `open`.
  static func open(_ path: PathBytes, flags: CInt) throws(Errno) -> FileDescriptor {
    let result = try retryingInterrupts {
      unsafe path.withCString { Int(unsafe Glibc.open($0, flags | O_CLOEXEC, 0o666)) }
    }
    return FileDescriptor(rawValue: CInt(result))
  }

  /// Opens a new file in `directory` that has no name (`O_TMPFILE`, which Glibc hides behind
  /// `_GNU_SOURCE`).
  static func openNameless(
    in directory: PathBytes, _ access: CInt
  ) throws(Errno) -> FileDescriptor {
    try open(directory, flags: access | 0o20_000_000 | O_DIRECTORY)
  }
}

/// Makes a call again that a signal interrupts, and reads errno next to it.
private func retryingInterrupts(_ call: () -> Int) throws(Errno) -> Int {
  try Interruption.retrying(after: Errno.interrupted) { () throws(Errno) in
    let result = call()
    if result < 0 { throw Errno(rawValue: errno) }
    return result
  }
}
