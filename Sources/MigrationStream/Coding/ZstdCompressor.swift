import ByteIO
private import CZstd

/// A zstd compression context, used again for every frame.
@safe struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer

  /// A context for frames at `level` with content size and checksum; nil where memory is short.
  init?(level: Int) {
    guard let context = unsafe ZSTD_createCCtx() else { return nil }
    unsafe self.context = unsafe context
    // SAFETY: the context is ours alone until deinit; libzstd clamps the level itself.
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// Codes `bytes` as one frame, which replaces what `frame` holds; false where libzstd fails, which it does only for
  /// want of memory.
  func compress(_ bytes: RawSpan, into frame: inout ByteBuffer) -> Bool {
    frame.removeAll()
    frame.reserve(ZSTD_compressBound(bytes.byteCount))
    var isWhole = false
    _ = frame.fill { room in
      // SAFETY: both pointers live through the call, with their own lengths.
      let count = unsafe room.withUnsafeMutableBytes { target in
        unsafe bytes.withUnsafeBytes { source in
          unsafe ZSTD_compress2(
            context, target.baseAddress, target.count, source.baseAddress, source.count)
        }
      }
      isWhole = ZSTD_isError(count) == 0
      return isWhole ? count : 0
    }
    return isWhole
  }
}
