import ByteIO

/// A window onto a source: bytes are read in large pieces and looked at in place.
struct SourceWindow<Source: ByteSource & ~Copyable>: ~Copyable {
  // Large enough that a system call costs nothing, small enough to stay in the processor's cache: a page of RAM is
  // copied into it and never looked at.
  static var capacity: Int { 256 << 10 }

  typealias Failure = QEMUReadError<Source.Failure>

  private var buffer = ByteBuffer(capacity: Self.capacity)
  private var start = 0
  /// The offset of the next byte.
  private(set) var offset: UInt64 = 0
  private var isAtEnd = false
  private var source: Source

  init(_ source: consuming Source) {
    self.source = source
  }

  /// The bytes at hand.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(droppingFirst: start) }
  }

  var available: Int { buffer.count - start }

  /// Reads on until `count` bytes are at hand or the source ends, and returns how many are.
  mutating func look(_ count: Int) throws(Failure) -> Int {
    if available >= count { return available }
    buffer.removeFirst(start)
    start = 0
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

  /// Reads on until `count` bytes are at hand; throws `torn` where the source ends before.
  mutating func require(_ count: Int, _ what: @autoclosure () -> String) throws(Failure) {
    let available = try look(count)
    guard available >= count else {
      throw .stream(
        QEMUStreamError(
          .torn, at: offset, expected: "\(count) byte\(count == 1 ? "" : "s") of \(what())",
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

  /// Passes over `count` bytes; throws `torn` where the source ends before.
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

  /// Reads an integer stored with its highest byte first.
  mutating func big<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ what: @autoclosure () -> String
  ) throws(Failure) -> T {
    try require(MemoryLayout<T>.size, what())
    let value = bytes.big(type, at: 0)
    advance(MemoryLayout<T>.size)
    return value
  }

  /// Reads `count` bytes into an array; `count` is small, or checked before.
  mutating func take(
    _ count: Int, _ what: @autoclosure () -> String
  ) throws(Failure) -> [UInt8] {
    try require(count, what())
    let value = [UInt8](bytes.extracting(first: count))
    advance(count)
    return value
  }

  /// Reads a byte and a text that is as long as the byte says.
  mutating func name(_ what: @autoclosure () -> String) throws(Failure) -> String {
    let count = try big(UInt8.self, "the length of \(what())")
    return String(decoding: try take(Int(count), what()), as: UTF8.self)
  }
}

extension RawSpan {
  /// The integer at `offset`, whose bytes must lie within the span, stored with its highest byte first.
  @inline(__always)
  func big<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    little(type, at: offset).byteSwapped
  }
}
