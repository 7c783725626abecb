import ByteIO
import CFerry
import Glibc

/// Where a caller wants bytes to go.
enum Output {
  case function(ferry_sink)
  case descriptor(Int32)

  init(_ sink: UnsafePointer<ferry_sink>?, _ name: StaticString) throws(Failure) {
    let sink = try sink.required(name).pointee
    guard sink.write != nil else {
      throw Failure(argument: "\(name).write", "a function", found: "NULL")
    }
    self = .function(sink)
  }

  /// The same of a sink that may be missing.
  init?(optional sink: UnsafePointer<ferry_sink>?, _ name: StaticString) throws(Failure) {
    guard sink != nil else { return nil }
    try self.init(sink, name)
  }

  /// Gives the caller bytes; none are not given.
  func write(_ bytes: RawSpan) throws(Failure) {
    guard bytes.byteCount > 0 else { return }
    switch self {
    case .function(let sink):
      // SAFETY: the bytes are lent for the call, as the header says.
      let answer = bytes.withUnsafeBytes { sink.write?(sink.context, $0.baseAddress, $0.count) }
      guard answer == 0 else { throw Failure(callback: "write", answer ?? EINVAL) }
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

  /// Gives the caller a text.
  func write(_ text: String) throws(Failure) {
    try write(text.utf8Span.span.raw)
  }

  /// Gives the caller a document, in a line of its own.
  func write(_ json: JSONValue) throws(Failure) {
    try write(json.text + "\n")
  }
}

extension Failure {
  /// A callback's own failure.
  init(callback name: StaticString, _ answer: Int32) {
    self.init(.callback, message: "the callback \(name) returned \(answer)")
    system = answer
  }

  /// A failure of the system.
  init(system call: StaticString, _ number: Int32) {
    self.init(.system, message: "\(call): \(String(cString: strerror(number)))")
    system = number
  }
}
