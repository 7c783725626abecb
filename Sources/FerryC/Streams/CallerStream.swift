import ByteIO
import MigrationStream
import StreamIO
import SystemPackage

/// A failure of a caller's function, kept while an error of files stands for it.
final class KeptFailure {
  static let streamName = "the caller's stream"
  private var failure: Failure?

  func keep(_ failure: Failure) -> StreamIOError {
    self.failure = failure
    return StreamIOError(
      Self.streamName, .system(Errno(rawValue: failure.system), attempting: "go on"))
  }

  /// The failure behind an error of a stream that a caller's functions carry.
  func failure(for error: StreamIOError) -> Failure {
    if case .stream(let error) = error.cause { return Failure(error) }
    return failure ?? Failure(.system, message: "\(error)")
  }
}

/// A caller's output, for a stream that the library writes.
struct CallerByteSink: ByteSink {
  let output: Output
  let kept: KeptFailure
  var name: String { KeptFailure.streamName }

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

/// A caller's input, for a stream that the library reads.
struct CallerByteSource: ByteSource {
  let input: Input
  let kept: KeptFailure
  var name: String { KeptFailure.streamName }
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(StreamIOError) -> Int {
    do throws(FerryC.Failure) {
      return try input.read(into: &span)
    } catch {
      throw kept.keep(error)
    }
  }
}

/// The same of input that is read at any offset.
struct CallerBytesAtOffsets: RandomAccessBytes {
  let input: RandomInput
  let kept: KeptFailure
  var name: String { KeptFailure.streamName }
  var byteCount: UInt64? { input.byteCount }

  func read(into span: inout MutableRawSpan, at offset: UInt64) throws(StreamIOError) -> Int {
    do throws(FerryC.Failure) {
      return try input.read(into: &span, at: offset)
    } catch {
      throw kept.keep(error)
    }
  }
}
