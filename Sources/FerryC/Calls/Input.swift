import ByteIO
import CFerry
import Glibc

/// Where a caller's bytes come from, from the first to the last.
enum Input {
  case function(ferry_source)
  case descriptor(Int32)

  init(_ source: ferry_source) throws(Failure) {
    guard source.read != nil else {
      throw Failure(argument: "source.read", "a function", found: "NULL")
    }
    self = .function(source)
  }

  /// Reads once into the front of `span`; 0 at the end.
  func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    switch self {
    case .function(let source):
      return try Self.read(into: &span) { source.read?(source.context, $0, $1, &$2) }
    case .descriptor(let descriptor):
      return try Self.attempt(into: &span, "read") { Glibc.read(descriptor, $0, $1) }
    }
  }

  /// Has a caller's function read into the front of `span`, and holds what it says against that.
  static func read(
    into span: inout MutableRawSpan,
    _ function: (UnsafeMutableRawPointer?, Int, inout Int) -> Int32?
  ) throws(Failure) -> Int {
    var count = 0
    let capacity = span.byteCount
    // SAFETY: the span is lent for the call, as the header says.
    let answer = span.withUnsafeMutableBytes { function($0.baseAddress, $0.count, &count) }
    guard answer == 0 else { throw Failure(callback: "read", answer ?? EINVAL) }
    guard (0...capacity).contains(count) else {
      throw Failure(
        .callback,
        message: "the callback read: expected at most \(capacity) bytes, found "
          + "\(UInt(bitPattern: count))")
    }
    return count
  }

  /// Makes a call of the system's that reads into the front of `span`, again if a signal came.
  static func attempt(
    into span: inout MutableRawSpan, _ name: StaticString,
    _ call: (UnsafeMutableRawPointer?, Int) -> Int
  ) throws(Failure) -> Int {
    while true {
      // SAFETY: the span is lent for the call.
      let count = span.withUnsafeMutableBytes { call($0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(system: name, errno) }
      return count
    }
  }
}

/// Where a caller's bytes are, at any offset.
struct RandomInput {
  let byteCount: UInt64
  private let place: Place

  private enum Place {
    case function(ferry_file)
    case descriptor(Int32)
  }

  init(_ file: ferry_file) throws(Failure) {
    guard file.read != nil else {
      throw Failure(argument: "file.read", "a function", found: "NULL")
    }
    guard file.size <= Int64.max else {
      throw Failure(argument: "file.size", "at most \(Int64.max) bytes", found: "\(file.size)")
    }
    byteCount = file.size
    place = .function(file)
  }

  /// The bytes of a regular file, whose position stays as it is.
  init(descriptor: Int32) throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Failure(system: "fstat", errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(argument: "fd", "a regular file", found: "one without offsets")
    }
    byteCount = UInt64(clamping: status.st_size)
    place = .descriptor(descriptor)
  }

  /// Reads once from `offset` into the front of `span`; 0 at the end.
  func read(into span: inout MutableRawSpan, at offset: UInt64) throws(Failure) -> Int {
    guard offset < byteCount else { return 0 }
    switch place {
    case .function(let file):
      return try Input.read(into: &span) { file.read?(file.context, offset, $0, $1, &$2) }
    case .descriptor(let descriptor):
      return try Input.attempt(into: &span, "pread") {
        Glibc.pread(descriptor, $0, $1, off_t(offset))
      }
    }
  }
}
