private import CXXHash

/// The XXH3-128 of bytes that come in pieces.
@safe final class StateDigest {
  private let state: OpaquePointer

  /// Nil where memory is short.
  init?() {
    guard let state = unsafe XXH3_createState() else { return nil }
    unsafe self.state = unsafe state
    unsafe XXH3_128bits_reset(state)
  }

  deinit { unsafe XXH3_freeState(state) }

  func update(_ bytes: RawSpan) {
    // SAFETY: the pointer is used inside the closure only.
    _ = unsafe bytes.withUnsafeBytes { unsafe XXH3_128bits_update(state, $0.baseAddress, $0.count) }
  }

  /// The digest of all bytes so far, in the canonical form.
  var value: Digest {
    var canonical = XXH128_canonical_t()
    unsafe XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state))
    let bytes = unsafe withUnsafeBytes(of: canonical) { unsafe [UInt8]($0) }
    return Digest(algorithm: .xxh3, bytes: bytes)
  }
}
