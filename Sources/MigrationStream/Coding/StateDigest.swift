import ByteIO
private import CXXHash

/// The digests of bytes that come in pieces, by each of some algorithms.
@safe final class StateDigest {
  private let xxh3: OpaquePointer?
  private var sha256: SHA256?

  /// Nil if memory is short.
  init?(_ algorithms: Set<Digest.Algorithm>) {
    sha256 = algorithms.contains(.sha256) ? SHA256() : nil
    guard algorithms.contains(.xxh3) else {
      unsafe xxh3 = nil
      return
    }
    guard let state = unsafe cxxhash_xxh3_create() else { return nil }
    unsafe xxh3 = unsafe state
  }

  deinit {
    if let xxh3 = unsafe xxh3 { unsafe cxxhash_xxh3_free(xxh3) }
  }

  func update(_ bytes: RawSpan) {
    sha256?.update(bytes)
    guard let xxh3 = unsafe xxh3 else { return }
    // SAFETY: the pointer is used inside the closure only.
    unsafe bytes.withUnsafeBytes { unsafe cxxhash_xxh3_update(xxh3, $0.baseAddress, $0.count) }
  }

  /// The digest of all bytes so far; nil if it is not one of the algorithms.
  func value(_ algorithm: Digest.Algorithm) -> Digest? {
    switch algorithm {
    case .xxh3: xxh3Value
    case .sha256: sha256.map { Digest(algorithm: .sha256, bytes: $0.value) }
    default: nil
    }
  }

  /// The XXH3-128 in its canonical form.
  private var xxh3Value: Digest? {
    guard let xxh3 = unsafe xxh3 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    // SAFETY: the function writes 16 bytes.
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe cxxhash_xxh3_digest(xxh3, base)
    }
    return Digest(algorithm: .xxh3, bytes: bytes)
  }
}
