import ByteIO
private import CZstd

/// zstd, through libzstd.
@safe final class ZstdCodec: Codec {
  private let compressor: OpaquePointer?
  private let decompressor: OpaquePointer?

  init(_ direction: CodecDirection) throws(CodecFailure) {
    unsafe compressor = direction == .compress ? ZSTD_createCStream() : nil
    unsafe decompressor = direction == .decompress ? ZSTD_createDStream() : nil
    guard unsafe compressor != nil || decompressor != nil else { throw .memory }
    if let compressor = unsafe compressor {
      // The program's own frames have one.
      unsafe ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1)
    }
  }

  deinit {
    unsafe ZSTD_freeCStream(compressor)
    unsafe ZSTD_freeDStream(decompressor)
  }

  func restart() throws(CodecFailure) {
    unsafe ZSTD_DCtx_reset(decompressor, ZSTD_reset_session_only)
  }

  func step(
    _ input: RawSpan, isLast: Bool, into output: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep {
    // SAFETY: both buffers point into the spans, inside the closures only.
    let (inputCount, outputCount) = (input.byteCount, output.byteCount)
    let (left, read, written) = unsafe Self.withBytes(of: input, &output) { source, target in
      var from = unsafe ZSTD_inBuffer(src: source, size: inputCount, pos: 0)
      var to = unsafe ZSTD_outBuffer(dst: target, size: outputCount, pos: 0)
      let left =
        if let compressor = unsafe compressor {
          unsafe ZSTD_compressStream2(compressor, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
        } else {
          unsafe ZSTD_decompressStream(decompressor, &to, &from)
        }
      return unsafe (left, from.pos, to.pos)
    }
    guard ZSTD_isError(left) == 0 else {
      throw CodecFailure(reason: unsafe String(cString: ZSTD_getErrorName(left)))
    }
    let isEnd = left == 0 && (unsafe compressor == nil || isLast)
    return CodecStep(readByteCount: read, writtenByteCount: written, isEnd: isEnd)
  }
}
