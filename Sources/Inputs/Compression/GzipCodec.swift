import ByteIO
private import CZlib

/// gzip (RFC 1952), through zlib.
@safe final class GzipCodec: Codec {
  private var stream = unsafe z_stream()
  private let direction: CodecDirection

  // With the head and the trailer of gzip (zlib.h, deflateInit2 and inflateInit2).
  private static let windowBits = MAX_WBITS + 16
  private static let memoryLevel: CInt = 8
  private static let structureByteCount = unsafe CInt(MemoryLayout<z_stream>.size)

  init(_ direction: CodecDirection) throws(CodecFailure) {
    self.direction = direction
    // SAFETY: zlib keeps the address of the structure, which is part of this object and stays.
    let status =
      switch direction {
      case .decompress:
        unsafe inflateInit2_(&stream, Self.windowBits, ZLIB_VERSION, Self.structureByteCount)
      case .compress:
        unsafe deflateInit2_(
          &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, Self.windowBits, Self.memoryLevel,
          Z_DEFAULT_STRATEGY, ZLIB_VERSION, Self.structureByteCount)
      }
    guard status == Z_OK else { throw .memory }
  }

  deinit {
    switch direction {
    case .decompress: unsafe inflateEnd(&stream)
    case .compress: unsafe deflateEnd(&stream)
    }
  }

  func restart() throws(CodecFailure) {
    guard unsafe inflateReset(&stream) == Z_OK else { throw .damage }
  }

  func step(
    _ input: RawSpan, isLast: Bool, into output: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep {
    let inputCount = min(input.byteCount, 1 << 30)
    let outputCount = min(output.byteCount, 1 << 30)
    // SAFETY: both pointers are used inside the closures only, with the counts of their spans; zlib
    // does not write to its input.
    let status = unsafe Self.withBytes(of: input, &output) { source, target in
      unsafe stream.next_in = UnsafeMutablePointer(mutating: source)
      unsafe stream.avail_in = CUnsignedInt(inputCount)
      unsafe stream.next_out = target
      unsafe stream.avail_out = CUnsignedInt(outputCount)
      switch direction {
      case .decompress: return unsafe inflate(&stream, Z_NO_FLUSH)
      case .compress: return unsafe deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
      }
    }
    guard [Z_OK, Z_BUF_ERROR, Z_STREAM_END].contains(status) else {
      throw status == Z_MEM_ERROR ? .memory : .damage
    }
    return unsafe CodecStep(
      readByteCount: inputCount - Int(stream.avail_in),
      writtenByteCount: outputCount - Int(stream.avail_out), isEnd: status == Z_STREAM_END)
  }
}
