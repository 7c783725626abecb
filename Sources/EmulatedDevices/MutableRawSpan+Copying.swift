import ByteIO

extension MutableRawSpan {
  /// Copies `bytes` to `offset`; all of them must fit.
  mutating func copy(_ bytes: RawSpan, at offset: Int = 0) {
    precondition(offset >= 0 && offset + bytes.byteCount <= byteCount, "the bytes must fit")
    // SAFETY: the range was checked, and both pointers are used inside the closures only.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
      }
    }
  }
}
