import ByteIO
private import Glibc

extension RawSpan {
  /// The byte that all bytes equal, if they do and there are any.
  package var fillByte: UInt8? {
    guard byteCount > 0 else { return nil }
    let first = self[byte: 0]
    // SAFETY: both ranges lie within the span. A span equals itself moved by one exactly if all its
    // bytes are equal, and memcmp is faster at that than any loop of ours.
    let isConstant = unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      return unsafe memcmp(base, base + 1, bytes.count - 1) == 0
    }
    return isConstant ? first : nil
  }
}
