import ByteIO

/// Bytes of a pipe that were looked at and are still to be read.
///
/// A class, because a file is read while it is borrowed.
final class Lookahead {
  /// The bytes that are still to be read.
  private(set) var bytes: ArraySlice<UInt8> = []

  /// Adds what one call of `read` gives, at most `limit` bytes, and returns how many came.
  func fill<Failure: Error>(
    limit: Int, _ read: (inout MutableRawSpan) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    var buffer = ByteBuffer(capacity: limit)
    let count = try buffer.fill(limit: limit, read)
    bytes += [UInt8](buffer.bytes)
    return count
  }

  /// Moves bytes into the front of `span`, and returns how many.
  func take(into span: inout MutableRawSpan) -> Int {
    let taken = bytes.prefix(span.byteCount)
    span.copy(Array(taken).span.raw)
    bytes = bytes.dropFirst(taken.count)
    return taken.count
  }
}
