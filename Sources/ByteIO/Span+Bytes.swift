private import Glibc

extension Span where Element == UInt8 {
  /// The same bytes as a raw span.
  public var raw: RawSpan {
    @_lifetime(copy self)
    get {
      // SAFETY: a byte has no invalid bit pattern and no padding.
      unsafe self.bytes
    }
  }
}

extension RawSpan {
  /// The byte at `index`, which must be below `byteCount`.
  @inlinable @inline(__always)
  public subscript(byte index: Int) -> UInt8 {
    // SAFETY: the load checks its range, and every bit pattern is a byte.
    unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}

extension MutableRawSpan {
  /// Copies `bytes` to `offset`; all of them must fit.
  public mutating func copy(_ bytes: RawSpan, at offset: Int = 0) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "the bytes must fit")
    // SAFETY: the range was checked, and both pointers are used inside the closures only.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
  }
}

extension [UInt8] {
  /// Copies the bytes of `span`.
  public init(_ span: RawSpan) {
    // SAFETY: the pointer is used inside the closure only.
    self = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension RawSpan {
  /// The little-endian integer at `offset`, whose bytes must lie within the span.
  @inlinable @inline(__always)
  public func little<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T {
    // SAFETY: the load checks its range, and every bit pattern is a value of a fixed-width integer.
    T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension RawSpan {
  /// Whether two spans hold the same bytes.
  public static func == (left: RawSpan, right: RawSpan) -> Bool {
    guard left.byteCount == right.byteCount else { return false }
    // SAFETY: both pointers are used inside the closures only, with the count that both have.
    return unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        guard let left = left.baseAddress, let other = right.baseAddress else { return true }
        return unsafe memcmp(left, other, right.count) == 0
      }
    }
  }
}
