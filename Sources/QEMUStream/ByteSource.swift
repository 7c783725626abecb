/// Bytes that are read once, from the first to the last: a file, a pipe, memory.
public protocol ByteSource: ~Copyable {
  /// Reads once into the front of `span`, and returns how many bytes came; 0 at the end.
  mutating func read(into span: inout MutableRawSpan) throws -> Int

  /// Passes over at most `count` bytes without reading them, and returns how many; 0 where the source cannot.
  mutating func skip(_ count: UInt64) throws -> UInt64
}

extension ByteSource where Self: ~Copyable {
  public mutating func skip(_ count: UInt64) throws -> UInt64 { 0 }
}
