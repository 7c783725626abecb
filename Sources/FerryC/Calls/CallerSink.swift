import ByteIO
import CFerry

/// A caller's function that takes output.
struct CallerSink {
  private let write: @convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?, Int) -> Int32
  private let context: UnsafeMutableRawPointer?

  init(_ sink: UnsafePointer<ferry_sink>?, _ name: StaticString) throws(Failure) {
    let sink = try sink.required(name).pointee
    guard let write = sink.write else {
      throw Failure(argument: "\(name).write", "a function", found: "NULL")
    }
    self.write = write
    context = sink.context
  }

  /// Gives the caller bytes; none are not given.
  func write(_ bytes: RawSpan) throws(Failure) {
    guard bytes.byteCount > 0 else { return }
    // SAFETY: the bytes are lent for the call, as the header says.
    let answer = bytes.withUnsafeBytes { write(context, $0.baseAddress, $0.count) }
    guard answer == 0 else { throw Failure(callback: "write", answer) }
  }

  /// Gives the caller a text.
  func write(_ text: String) throws(Failure) {
    try write(text.utf8Span.span.raw)
  }
}

extension Failure {
  /// A callback's own failure.
  init(callback name: StaticString, _ answer: Int32) {
    self.init(.callback, message: "the callback \(name) returned \(answer)")
    system = answer
  }
}
