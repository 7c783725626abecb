import ByteIO

/// The bytes of a source that are at hand: read in large pieces, looked at in place.
struct LookaheadBuffer<Source: ByteSource & ~Copyable>: ~Copyable {
  // Large enough that a system call costs nothing, small enough to stay in the processor's cache:
  // a page of RAM is copied into it and never looked at.
  static var capacity: Int { 256 << 10 }

  typealias Failure = QEMUReadError<Source.Failure>

  private var buffer = ByteBuffer(capacity: Self.capacity)
  /// The number of bytes in front of `buffer` that were passed over and are still held.
  private var start = 0
  /// The number of bytes of `buffer` that the source got back already.
  private var givenCount = 0
  /// The offset of the next byte.
  private(set) var offset: UInt64
  private var isAtEnd = false
  var source: Source
  /// Gives passed-over bytes back to the source; nil for a source that does not want them.
  private let passOver: ((inout Source, RawSpan) throws(Source.Failure) -> Void)?

  init(_ source: consuming Source, startingAt offset: UInt64 = 0) {
    self.source = source
    self.offset = offset
    passOver = nil
  }

  /// Reads from a source that gets every byte back when it was passed over.
  init(
    returningTo source: consuming Source, startingAt offset: UInt64
  ) where Source: ReturningByteSource {
    self.source = source
    self.offset = offset
    passOver = { (source, bytes) throws(Source.Failure) in try source.passOver(bytes) }
  }

  /// The bytes at hand.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(droppingFirst: start) }
  }

  var available: Int { buffer.count - start }

  /// Reads on until `count` bytes are at hand or the source ends, and returns how many are.
  mutating func ensure(_ count: Int) throws(Failure) -> Int {
    if available >= count { return available }
    try release()
    while buffer.count < count && !isAtEnd {
      // Room grows with what comes, not with what the stream says will come.
      if buffer.count == buffer.capacity { buffer.reserve(min(count, 2 * buffer.capacity)) }
      if try Self.fill(&buffer, from: &source) == 0 { isAtEnd = true }
    }
    return available
  }

  // Takes its owner's parts, so that one can be filled from the other.
  private static func fill(
    _ buffer: inout ByteBuffer, from source: inout Source
  ) throws(Failure) -> Int {
    do throws(Source.Failure) {
      return try buffer.fill { (span) throws(Source.Failure) in try source.read(into: &span) }
    } catch {
      throw .source(error)
    }
  }

  /// Reads on until `count` bytes are at hand, `skipped` bytes from here.
  ///
  /// Throws `torn` if the source ends before.
  mutating func require(
    _ count: Int, after skipped: Int = 0, _ what: @autoclosure () -> String
  ) throws(Failure) {
    let available = max(try ensure(skipped + count) - skipped, 0)
    guard available >= count else {
      throw .stream(
        QEMUStreamError(
          .torn, at: offset + UInt64(skipped),
          expected: "\(count) byte\(count == 1 ? "" : "s") of \(what())",
          found: available == 0 ? "the end of the input" : "\(available), and the end of the input")
      )
    }
  }

  /// Passes over bytes at hand.
  mutating func advance(_ count: Int) {
    precondition(count >= 0 && count <= available, "only bytes at hand can be passed over")
    start += count
    offset &+= UInt64(count)
  }

  /// Passes over `count` bytes; throws `torn` if the source ends before.
  mutating func skip(_ count: UInt64, _ what: @autoclosure () -> String) throws(Failure) {
    var left = count
    let held = min(left, UInt64(available))
    advance(Int(held))
    left -= held
    while left > 0 {
      // Small gaps are cheaper to read than to jump.
      if left > UInt64(Self.capacity) {
        let skipped: UInt64
        do throws(Source.Failure) {
          skipped = min(try source.skip(left), left)
        } catch {
          throw .source(error)
        }
        offset &+= skipped
        left -= skipped
        if left == 0 { return }
      }
      try require(1, what())
      let part = min(left, UInt64(available))
      advance(Int(part))
      left -= part
    }
  }
}

// MARK: Bytes that were passed over

/// A source that gets back the bytes that its reader has passed over, such as one that copies them.
protocol ReturningByteSource: ByteSource, ~Copyable {
  /// Called with every byte that was read and passed over, in order, in pieces of any size.
  mutating func passOver(_ bytes: RawSpan) throws(Failure)
}

extension LookaheadBuffer where Source: ~Copyable {
  /// The last `count` bytes that were passed over, which must still be held: those behind the last
  /// `ensure` are.
  @_lifetime(borrow self)
  func passed(last count: Int) -> RawSpan {
    buffer.bytes.extracting(start - count..<start)
  }

  /// Lets go of the bytes that were passed over, except the last `count`.
  mutating func release(keepingLast count: Int = 0) throws(Failure) {
    let end = start - count
    try give(upTo: end)
    buffer.removeFirst(end)
    givenCount = max(givenCount - end, 0)
    start = count
  }

  /// Gives the first `count` bytes at hand to the source before they are passed over.
  mutating func show(_ count: Int) throws(Failure) {
    try give(upTo: min(start + count, buffer.count))
  }

  private mutating func give(upTo end: Int) throws(Failure) {
    guard let passOver, end > givenCount else { return }
    do throws(Source.Failure) {
      try Self.give(buffer, givenCount..<end, to: &source, passOver)
    } catch {
      throw .source(error)
    }
    givenCount = end
  }

  // Takes its owner's parts, so that one can be lent to the other.
  private static func give(
    _ buffer: borrowing ByteBuffer, _ range: Range<Int>, to source: inout Source,
    _ passOver: (inout Source, RawSpan) throws(Source.Failure) -> Void
  ) throws(Source.Failure) {
    try passOver(&source, buffer.bytes.extracting(range))
  }

  /// Passes over everything up to the end of the source.
  mutating func passOverRest() throws(Failure) {
    while try ensure(1) > 0 { advance(available) }
    try release()
  }
}

// MARK: Values

extension LookaheadBuffer where Source: ~Copyable {
  /// Reads an integer stored with its highest byte first.
  mutating func big<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ what: @autoclosure () -> String
  ) throws(Failure) -> T {
    try require(MemoryLayout<T>.size, what())
    let value = bytes.big(type, at: 0)
    advance(MemoryLayout<T>.size)
    return value
  }

  /// Reads `count` bytes into an array; the caller bounds `count`.
  mutating func array(
    _ count: Int, _ what: @autoclosure () -> String
  ) throws(Failure) -> [UInt8] {
    try require(count, what())
    let value = [UInt8](bytes.extracting(first: count))
    advance(count)
    return value
  }

  /// Reads a byte and a text of as many bytes as it says.
  mutating func name(_ what: @autoclosure () -> String) throws(Failure) -> String {
    let count = try big(UInt8.self, "the length of \(what())")
    return String(decoding: try array(Int(count), what()), as: UTF8.self)
  }
}

extension RawSpan {
  /// The integer at `offset`, stored with its highest byte first, which must lie within the span.
  @inline(__always)
  func big<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    little(type, at: offset).byteSwapped
  }
}
