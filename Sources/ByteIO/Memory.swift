/// Bytes in memory, read in order or at any offset.
///
/// They never fail, so that the type of their errors is whatever is wanted.
public struct MemoryInput<Failure: Error>: ByteSource, RandomAccessBytes, Sendable {
  public let name: String
  private let bytes: [UInt8]
  private let pieceByteCount: Int
  private var position = 0

  /// Reads `bytes`, in pieces of at most `pieceByteCount` as if they came from a pipe.
  public init(_ bytes: [UInt8], name: String = "memory", pieceByteCount: Int = .max) {
    precondition(pieceByteCount > 0, "a read that gives no byte is the end")
    self.bytes = bytes
    self.name = name
    self.pieceByteCount = pieceByteCount
  }

  public var byteCount: UInt64? { UInt64(bytes.count) }

  public mutating func read(into span: inout MutableRawSpan) throws(Failure) -> Int {
    let count = try read(into: &span, at: UInt64(position))
    position += count
    return count
  }

  public func read(
    into span: inout MutableRawSpan, at offset: UInt64
  ) throws(Failure) -> Int {
    guard offset < UInt64(bytes.count) else { return 0 }
    let rest = bytes.span.raw.extracting(droppingFirst: Int(offset))
    let part = rest.extracting(first: min(span.byteCount, pieceByteCount))
    span.copy(part)
    return part.byteCount
  }

  /// Passes over bytes, unless they come in pieces: what does so can only be read.
  public mutating func skip(_ count: UInt64) throws(Failure) -> UInt64 {
    guard pieceByteCount == .max else { return 0 }
    let skipped = min(count, UInt64(bytes.count - position))
    position += Int(skipped)
    return skipped
  }
}

/// Memory that takes what is written.
///
/// It is shared, so that whoever handed it over can look at it afterwards. It never fails.
public final class MemoryOutput<Failure: Error>: ByteSink {
  public let name: String
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []
  /// Whether the writer said that this is all.
  public private(set) var isFinished = false

  /// Empty memory, which errors call `name`.
  public init(name: String = "memory") { self.name = name }

  public func write(_ head: RawSpan, _ body: RawSpan) throws(Failure) {
    bytes += [UInt8](head)
    bytes += [UInt8](body)
  }

  public func finish() throws(Failure) { isFinished = true }
}
