public import ByteIO
import YAMLReader

/// Why a trace cannot be read on.
public enum TraceReadError<SourceFailure: Error>: Error {
  /// The source of bytes failed.
  case source(SourceFailure)
  /// A line, counted from 1, is no record; the text says what was expected and found.
  case malformed(line: Int, String)
}

/// The records of a trace, a line each, from a source of its text.
///
/// It holds a line and what was read with it: some 64 KiB, or for a longer line up to
/// `TraceRecord.lineByteLimit`.
public struct TraceReader<Source: ByteSource & ~Copyable>: ~Copyable {
  private var source: Source
  private var buffer = ByteBuffer(capacity: 1 << 16)
  /// Where the next line begins, and up to where no end of it was found.
  private var start = 0
  private var position = 0
  private var isAtEnd = false
  private var lineCount = 0

  /// A reader of all that `source` gives.
  public init(_ source: consuming Source) { self.source = source }

  /// The next record; nil at the end. The last line need not have an end.
  public mutating func next() throws(TraceReadError<Source.Failure>) -> TraceRecord? {
    guard let line = try nextLine() else { return nil }
    lineCount += 1
    do throws(YAMLError) {
      return try TraceRecord(parsing: line)
    } catch {
      throw .malformed(line: lineCount, error.message)
    }
  }

  private mutating func nextLine() throws(TraceReadError<Source.Failure>) -> [UInt8]? {
    while true {
      while position < buffer.count {
        position += 1
        guard buffer.bytes[byte: position - 1] == UInt8(ascii: "\n") else { continue }
        let line = [UInt8](buffer.bytes.extracting(start..<position - 1))
        start = position
        return line
      }
      if isAtEnd {
        guard start < position else { return nil }
        let line = [UInt8](buffer.bytes.extracting(start..<position))
        start = position
        return line
      }
      try fill()
    }
  }

  private mutating func fill() throws(TraceReadError<Source.Failure>) {
    buffer.removeFirst(start)
    position -= start
    start = 0
    // Only a line that does not fit makes the buffer grow.
    if buffer.count == buffer.capacity {
      guard buffer.count < TraceRecord.lineByteLimit else {
        throw .malformed(
          line: lineCount + 1,
          "expected a line of at most \(TraceRecord.lineByteLimit) bytes, found more")
      }
      buffer.reserve(2 * buffer.capacity)
    }
    do throws(Source.Failure) {
      isAtEnd =
        try buffer.fill { (span) throws(Source.Failure) in try source.read(into: &span) } == 0
    } catch {
      throw .source(error)
    }
  }
}
