import ByteIO

/// The bytes of one peer on their way to another: at once when they are read, or once the reader
/// has passed over them.
struct RelayedBytes<
  Source: ByteSource & ~Copyable, Sink: ByteSink & ~Copyable
>: ReturningByteSource, ~Copyable {
  typealias Failure = QEMUTransferError<Source.Failure, Sink.Failure>

  private var source: Source
  private var sink: HeldSink<Sink>
  /// Whether bytes go on when they are read.
  private let isImmediate: Bool
  /// Whether bytes that are passed over go on; else they are dropped, for others stand in their
  /// place.
  var isCopied = true

  init(_ source: consuming Source, _ sink: consuming Sink, isImmediate: Bool) {
    self.source = source
    self.sink = HeldSink(sink)
    self.isImmediate = isImmediate
  }

  var name: String { source.name }
  var byteCount: UInt64? { nil }

  mutating func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    let count: Int
    do throws(Source.Failure) {
      count = try source.read(into: &span)
    } catch {
      throw .source(error)
    }
    if isImmediate { try write(span.bytes.extracting(first: count)) }
    return count
  }

  mutating func passOver(_ bytes: RawSpan) throws(Failure) {
    if isCopied, !isImmediate { try write(bytes) }
  }

  /// Sends bytes in place of some that are not copied.
  mutating func write(_ bytes: RawSpan) throws(Failure) {
    do throws(Sink.Failure) {
      try sink.write(bytes)
    } catch {
      throw .sink(error)
    }
  }

  /// Keeps the last bytes back from now on: as many as the end of a stream has.
  mutating func hold() { sink.isHolding = true }

  /// Sends what was kept back, and keeps nothing back any more.
  mutating func release() throws(Failure) {
    do throws(Sink.Failure) {
      try sink.release()
    } catch {
      throw .sink(error)
    }
  }

  mutating func finish() throws(Failure) {
    do throws(Sink.Failure) {
      try sink.finish()
    } catch {
      throw .sink(error)
    }
  }
}

/// A sink that can keep the last bytes back.
///
/// The end of a machine's state is one byte, with the description behind it. As long as more bytes
/// are kept back than both have, the destination cannot come to run, however the bytes before were
/// taken.
private struct HeldSink<Sink: ByteSink & ~Copyable>: ~Copyable {
  private var sink: Sink
  private var held = ByteBuffer()
  var isHolding = false

  private static var heldByteCount: Int {
    1 + VMDescription.headByteCount + VMDescription.longestByteCount
  }

  init(_ sink: consuming Sink) { self.sink = sink }

  mutating func write(_ bytes: RawSpan) throws(Sink.Failure) {
    guard isHolding else { return try sink.write(bytes, RawSpan()) }
    held.append(bytes)
    // Twice as many may stand there, so that each byte is moved once.
    if held.count >= 2 * Self.heldByteCount {
      let surplus = held.count - Self.heldByteCount
      try Self.write(held, surplus, to: &sink)
      held.removeFirst(surplus)
    }
  }

  mutating func release() throws(Sink.Failure) {
    isHolding = false
    try Self.write(held, held.count, to: &sink)
    held.removeAll()
  }

  // Takes its owner's parts, so that one can be lent to the other.
  private static func write(
    _ held: borrowing ByteBuffer, _ count: Int, to sink: inout Sink
  ) throws(Sink.Failure) {
    if count > 0 { try sink.write(held.bytes.extracting(first: count), RawSpan()) }
  }

  /// What is still kept back is nobody's.
  mutating func finish() throws(Sink.Failure) { try sink.finish() }
}
