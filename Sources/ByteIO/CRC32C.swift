private import CChecksum

/// The CRC-32C (Castagnoli) checksum: polynomial 0x1edc6f41 reflected, all ones before and after
/// (RFC 3720 B.4).
public enum CRC32C {
  /// The checksum of `bytes`, continuing from the checksum of the bytes before them.
  ///
  /// `checksum(of: b, continuing: checksum(of: a))` is the checksum of `a` followed by `b`.
  public static func checksum(of bytes: RawSpan, continuing checksum: UInt32 = 0) -> UInt32 {
    // SAFETY: the pointer is used inside the closure only, with the span's own count.
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress else { return checksum }
      return unsafe cchecksum_crc32c(checksum, base, buffer.count)
    }
  }
}
