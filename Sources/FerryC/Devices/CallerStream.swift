import ByteIO
import MigrationStream
import StreamIO
import SystemPackage

/// A failure of a caller's function, kept while an error of files stands for it.
final class KeptFailure {
  private var failure: Failure?

  func keep(_ failure: Failure) -> StreamIOError {
    self.failure = failure
    return StreamIOError(
      "the caller's stream", .system(Errno(rawValue: failure.system), attempting: "go on"))
  }

  /// The failure behind an error of a stream that a caller's functions carry.
  func failure(for error: StreamIOError) -> Failure {
    if case .stream(let error) = error.cause { return Failure(error) }
    return failure ?? Failure(.system, message: "\(error)")
  }
}

/// A caller's sink, for a stream that the library writes.
struct CallerByteSink: ByteSink {
  let output: Output
  let kept: KeptFailure
  var name: String { "the caller's stream" }

  mutating func write(_ head: RawSpan, _ body: RawSpan) throws(StreamIOError) {
    do throws(FerryC.Failure) {
      try output.write(head)
      try output.write(body)
    } catch {
      throw kept.keep(error)
    }
  }

  mutating func finish() throws(StreamIOError) {}
}

/// A caller's source, for a stream that the library reads.
struct CallerByteSource: ByteSource {
  let input: Input
  let kept: KeptFailure
  var name: String { "the caller's stream" }
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    do throws(FerryC.Failure) {
      return try input.read(into: &span)
    } catch {
      throw kept.keep(error)
    }
  }
}
