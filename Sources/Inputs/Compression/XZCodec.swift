import ByteIO
private import CLZMA

/// xz, through liblzma.
@safe final class XZCodec: Codec {
  private var stream = unsafe lzma_stream()
  private let direction: CodecDirection

  // The level with which libvirt calls the program.
  private static let level: UInt32 = 3
  // The highest level takes 65 MiB to decompress; a hostile head could ask for 4 GiB.
  private static let memoryLimit: UInt64 = 128 << 20

  init(_ direction: CodecDirection) throws(CodecFailure) {
    self.direction = direction
    try begin()
  }

  private func begin() throws(CodecFailure) {
    // SAFETY: liblzma changes the structure inside its calls only.
    let status =
      switch direction {
      case .decompress: unsafe lzma_stream_decoder(&stream, Self.memoryLimit, 0)
      case .compress: unsafe lzma_easy_encoder(&stream, Self.level, LZMA_CHECK_CRC64)
      }
    guard status == LZMA_OK else { throw .memory }
  }

  deinit { unsafe lzma_end(&stream) }

  // A stream is used again without having been ended.
  func restart() throws(CodecFailure) { try begin() }

  func step(
    _ input: RawSpan, isLast: Bool, into output: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep {
    // SAFETY: both pointers are used inside the closures only, with the counts of their spans.
    let (inputCount, outputCount) = (input.byteCount, output.byteCount)
    let status = unsafe Self.withBytes(of: input, &output) { source, target in
      unsafe stream.next_in = source
      unsafe stream.avail_in = inputCount
      unsafe stream.next_out = target
      unsafe stream.avail_out = outputCount
      let isEnding = isLast && direction == .compress
      return unsafe lzma_code(&stream, isEnding ? LZMA_FINISH : LZMA_RUN)
    }
    switch status {
    case LZMA_OK, LZMA_BUF_ERROR, LZMA_STREAM_END: break
    case LZMA_MEM_ERROR: throw .memory
    case LZMA_MEMLIMIT_ERROR:
      throw CodecFailure(
        reason: "expected data that takes at most \(Self.memoryLimit) bytes of memory, found more")
    default: throw .damage
    }
    return unsafe CodecStep(
      readByteCount: input.byteCount - stream.avail_in,
      writtenByteCount: output.byteCount - stream.avail_out, isEnd: status == LZMA_STREAM_END)
  }
}
