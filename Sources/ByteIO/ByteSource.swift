/// Bytes that are read once, from the first to the last: a file, a pipe, a socket, memory.
public protocol ByteSource<Failure>: ~Copyable {
  /// Why the source cannot be read.
  associatedtype Failure: Error

  /// What errors call the source: a path, an address.
  var name: String { get }

  /// The number of bytes from the first to the last; nil if it is not known beforehand.
  var byteCount: UInt64? { get }

  /// Whether a read would return at once, with bytes or at the end, and not wait for a peer.
  ///
  /// Readers that work ahead stop if it is false. Unless the source has an answer of its own, it
  /// is true.
  var isReady: Bool { get }

  /// Reads once into the front of `span`, and returns how many bytes came; 0 at the end.
  mutating func read(into span: inout MutableRawSpan) throws(Failure) -> Int

  /// Passes over at most `count` bytes without reading them, and returns how many.
  ///
  /// Gives 0 if the source can only be read, as it is unless it has an answer of its own.
  mutating func skip(_ count: UInt64) throws(Failure) -> UInt64
}

extension ByteSource where Self: ~Copyable {
  /// True: nothing is known of a wait.
  public var isReady: Bool { true }

  /// None: all bytes have to be read.
  public mutating func skip(_ count: UInt64) throws(Failure) -> UInt64 { 0 }

  /// Reads on until `buffer` holds `count` bytes or the source ends; what it held before stays.
  public mutating func read(
    into buffer: inout ByteBuffer, upTo count: Int
  ) throws(Failure) {
    buffer.reserve(count)
    while buffer.count < count {
      let got = try buffer.fill(limit: count - buffer.count) { (span) throws(Failure) in
        try read(into: &span)
      }
      if got == 0 { return }
    }
  }
}

/// Bytes that are read at any offset, in any order: a file, a shared memory, what a callback gives.
public protocol RandomAccessBytes<Failure>: ~Copyable {
  /// Why the bytes cannot be read.
  associatedtype Failure: Error

  /// What errors call the bytes: a path, an address.
  var name: String { get }

  /// The number of bytes; nil if they cannot be read at an offset, as of a file that is a pipe.
  var byteCount: UInt64? { get }

  /// Reads once from `offset` into the front of `span`, and returns how many bytes came.
  ///
  /// Gives 0 at the end and behind it.
  borrowing func read(
    into span: inout MutableRawSpan, at offset: UInt64
  ) throws(Failure) -> Int
}

extension RandomAccessBytes where Self: ~Copyable {
  /// Replaces what `buffer` holds by `count` bytes from `offset`, or by fewer if the bytes end
  /// before.
  public borrowing func read(
    into buffer: inout ByteBuffer, at offset: UInt64, count: Int
  ) throws(Failure) {
    buffer.removeAll()
    buffer.reserve(count)
    while buffer.count < count {
      let position = offset &+ UInt64(buffer.count)
      let got = try buffer.fill(limit: count - buffer.count) { (span) throws(Failure) in
        try read(into: &span, at: position)
      }
      if got == 0 { return }
    }
  }
}
