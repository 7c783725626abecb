import ByteIO
import CFerry
import Glibc

/// Where a stream's bytes go.
enum Output {
  case caller(CallerSink)
  case descriptor(Int32)

  func write(_ bytes: RawSpan) throws(Failure) {
    switch self {
    case .caller(let sink): try sink.write(bytes)
    case .descriptor(let descriptor):
      var rest = bytes
      while rest.byteCount > 0 {
        // SAFETY: the bytes are lent for the call.
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Failure(system: "write", errno) }
        rest = rest.extracting(droppingFirst: count)
      }
    }
  }
}

/// Where a stream's bytes come from.
enum Input {
  case caller(CallerSource)
  case descriptor(Int32)

  /// Reads once into the front of `span`; 0 at the end.
  func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    switch self {
    case .caller(let source): return try source.read(into: &span)
    case .descriptor(let descriptor):
      while true {
        // SAFETY: the span is lent for the call.
        let count = span.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Failure(system: "read", errno) }
        return count
      }
    }
  }
}

/// A caller's function that gives input.
struct CallerSource {
  private let readFunction:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<Int>?
    ) -> Int32
  private let context: UnsafeMutableRawPointer?

  init(_ source: ferry_source) throws(Failure) {
    guard let read = source.read else {
      throw Failure(argument: "source.read", "a function", found: "NULL")
    }
    readFunction = read
    context = source.context
  }

  func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    var count = 0
    let capacity = span.byteCount
    // SAFETY: the span is lent for the call, as the header says.
    let answer = span.withUnsafeMutableBytes {
      readFunction(context, $0.baseAddress, $0.count, &count)
    }
    guard answer == 0 else { throw Failure(callback: "read", answer) }
    guard (0...capacity).contains(count) else {
      throw Failure(
        .callback,
        message: "the callback read: expected at most \(capacity) bytes, found "
          + "\(UInt(bitPattern: count))")
    }
    return count
  }
}

extension Failure {
  /// A failure of the system.
  init(system call: StaticString, _ number: Int32) {
    self.init(.system, message: "\(call): \(String(cString: strerror(number)))")
    system = number
  }
}
