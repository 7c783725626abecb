private import CXXHash

/// The XXH3-128 of bytes that come in pieces.
@safe final class StateDigest {
  private let state: OpaquePointer

  /// Nil if memory is short.
  init?() {
    guard let state = unsafe cxxhash_xxh3_create() else { return nil }
    unsafe self.state = unsafe state
  }

  deinit { unsafe cxxhash_xxh3_free(state) }

  func update(_ bytes: RawSpan) {
    // SAFETY: the pointer is used inside the closure only.
    unsafe bytes.withUnsafeBytes { unsafe cxxhash_xxh3_update(state, $0.baseAddress, $0.count) }
  }

  /// The digest of all bytes so far, in the canonical form.
  var value: Digest {
    var bytes = [UInt8](repeating: 0, count: 16)
    // SAFETY: the function writes 16 bytes.
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe cxxhash_xxh3_digest(state, base)
    }
    return Digest(algorithm: .xxh3, bytes: bytes)
  }
}
