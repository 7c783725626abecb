package import ByteIO
private import CZstd

/// A zstd compression context, used again for every frame.
@safe package struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer

  /// A context for frames at `level` with content size and checksum; nil if memory is short.
  package init?(level: Int) {
    guard let context = unsafe ZSTD_createCCtx() else { return nil }
    unsafe self.context = unsafe context
    // SAFETY: the context is ours alone until deinit; libzstd clamps the level itself.
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  /// Codes the frames to come at another level.
  package func setLevel(_ level: Int) {
    // SAFETY: between two frames a parameter may change; libzstd clamps the level itself.
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
  }

  /// A context for frames that refer back into up to `prefixByteCount` bytes before as many of
  /// their own.
  ///
  /// Matches with the prefix are long, and are found by one table: at the fast levels that is made
  /// large enough to hold a place in every 16 bytes.
  init?(level: Int, prefixByteCount: Int) {
    self.init(level: level)
    let level = Int32(clamping: level)
    let parameters = ZSTD_getCParams(level, UInt64(prefixByteCount), prefixByteCount)
    let windowLog = Int32(Int.bitWidth - (2 * prefixByteCount - 1).leadingZeroBitCount)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
    unsafe ZSTD_CCtx_setParameter(
      context, ZSTD_c_hashLog, max(Int32(parameters.hashLog), windowLog - 4))
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// Codes `bytes` as one frame, which replaces what `frame` holds; false if libzstd fails, which
  /// it does only for want of memory.
  package func compress(_ bytes: RawSpan, into frame: inout ByteBuffer) -> Bool {
    compress(bytes, after: RawSpan(), into: &frame)
  }

  /// Codes `bytes` with a dictionary as a frame that replaces what `frame` holds, if it has fewer
  /// bytes than `count`; whether it has.
  func compress(
    _ bytes: RawSpan, with dictionary: StateDictionary, into frame: inout ByteBuffer,
    unlessAbove count: Int
  ) -> Bool {
    // SAFETY: the bytes are copied by the call; the ID would cost four bytes and say what the
    // stream says already.
    let status = unsafe dictionary.bytes.withUnsafeBytes {
      unsafe ZSTD_CCtx_loadDictionary(context, $0.baseAddress, $0.count)
    }
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)
    var coded = ByteBuffer()
    guard ZSTD_isError(status) == 0, compress(bytes, into: &coded), coded.count < count else {
      return false
    }
    swap(&frame, &coded)
    return true
  }

  /// The same with a prefix, into which the frame refers back.
  func compress(_ bytes: RawSpan, after prefix: RawSpan, into frame: inout ByteBuffer) -> Bool {
    frame.removeAll()
    frame.reserve(ZSTD_compressBound(bytes.byteCount))
    var isWhole = false
    _ = frame.fill { room in
      // SAFETY: all pointers live through the calls, with their own lengths; a prefix serves one
      // frame.
      let count = unsafe room.withUnsafeMutableBytes { target in
        unsafe bytes.withUnsafeBytes { source in
          unsafe prefix.withUnsafeBytes { prefix in
            if prefix.count > 0 {
              unsafe ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
            }
            return unsafe ZSTD_compress2(
              context, target.baseAddress, target.count, source.baseAddress, source.count)
          }
        }
      }
      isWhole = ZSTD_isError(count) == 0
      return isWhole ? count : 0
    }
    return isWhole
  }
}
