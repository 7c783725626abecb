package import ByteIO
private import CZstd

/// A zstd decompression context, used again for every frame.
@safe package struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer

  /// Nil if memory is short.
  package init?() {
    guard let context = unsafe ZSTD_createDCtx() else { return nil }
    unsafe self.context = unsafe context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Decodes `frame`, which must be exactly one frame of `byteCount` bytes with its checksum,
  /// behind the bytes in `output`, which must have room for them.
  ///
  /// The frame's own word on its size is compared before anything is decoded, and nothing is
  /// written beyond `byteCount`. Returns what is wrong with the frame, or nil.
  ///
  /// `prefix` is what the frame refers back into, if it does, and `dictionary` what it is coded
  /// with, if it is.
  package func decompress(
    _ frame: RawSpan, after prefix: RawSpan = RawSpan(), with dictionary: RawSpan = RawSpan(),
    byteCount: Int, into output: inout ByteBuffer
  ) -> String? {
    // SAFETY: all pointers live through the calls, with their own lengths; libzstd checks the frame
    // against both.
    let defect: String? = unsafe frame.withUnsafeBytes { source in
      let declared = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
      guard declared == UInt64(byteCount) else {
        return declared < UInt64.max - 1
          ? "a zstd frame of \(declared) bytes" : "no zstd frame with its content size"
      }
      // The frame header descriptor, RFC 8878 3.1.1.1.1: bit 2 says that a checksum follows the
      // blocks.
      guard unsafe source[4] & 0x04 != 0 else { return "a zstd frame without checksum" }
      guard unsafe ZSTD_getDictID_fromFrame(source.baseAddress, source.count) == 0 else {
        return "a zstd frame that names a dictionary"
      }
      let extent = unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
      guard ZSTD_isError(extent) == 0, extent == source.count else {
        return "a zstd frame that does not end with the chunk"
      }
      return nil
    }
    if let defect { return defect }
    var failure: String?
    _ = output.fill(limit: byteCount) { room in
      let count = unsafe room.withUnsafeMutableBytes { target in
        unsafe frame.withUnsafeBytes { source in
          unsafe prefix.withUnsafeBytes { prefix in
            if prefix.count > 0 {
              unsafe ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count)
            }
            guard dictionary.byteCount > 0 else {
              return unsafe ZSTD_decompressDCtx(
                context, target.baseAddress, target.count, source.baseAddress, source.count)
            }
            return unsafe dictionary.withUnsafeBytes { dictionary in
              unsafe ZSTD_decompress_usingDict(
                context, target.baseAddress, target.count, source.baseAddress, source.count,
                dictionary.baseAddress, dictionary.count)
            }
          }
        }
      }
      if ZSTD_isError(count) != 0 {
        failure =
          unsafe "a zstd frame that libzstd refuses (\(String(cString: ZSTD_getErrorName(count))))"
        return 0
      }
      return count
    }
    return failure
  }
}
