import ByteIO
private import CBZip2

/// bzip2, through libbz2.
@safe final class Bzip2Codec: Codec {
  private var stream = unsafe bz_stream()
  private let direction: CodecDirection

  // What the program takes if nothing is said.
  private static let blockSize: CInt = 9

  init(_ direction: CodecDirection) throws(CodecFailure) {
    self.direction = direction
    try begin()
  }

  private func begin() throws(CodecFailure) {
    // SAFETY: libbz2 keeps the address of the structure, which is part of this object and stays.
    let status =
      switch direction {
      case .decompress: unsafe BZ2_bzDecompressInit(&stream, 0, 0)
      case .compress: unsafe BZ2_bzCompressInit(&stream, Self.blockSize, 0, 0)
      }
    guard status == BZ_OK else { throw .memory }
  }

  private func end() {
    switch direction {
    case .decompress: unsafe BZ2_bzDecompressEnd(&stream)
    case .compress: unsafe BZ2_bzCompressEnd(&stream)
    }
  }

  deinit { end() }

  func restart() throws(CodecFailure) {
    end()
    unsafe stream = unsafe bz_stream()
    try begin()
  }

  /// The bytes as libbz2 calls them.
  private static func characters(
    _ bytes: UnsafeMutablePointer<UInt8>?
  ) -> UnsafeMutablePointer<CChar>? {
    // SAFETY: both types are one byte without alignment.
    unsafe UnsafeMutableRawPointer(bytes)?.assumingMemoryBound(to: CChar.self)
  }

  func step(
    _ input: RawSpan, isLast: Bool, into output: inout MutableRawSpan
  ) throws(CodecFailure) -> CodecStep {
    let inputCount = min(input.byteCount, 1 << 30)
    let outputCount = min(output.byteCount, 1 << 30)
    // SAFETY: both pointers are used inside the closures only, with the counts of their spans;
    // libbz2 does not write to its input.
    let status = unsafe Self.withBytes(of: input, &output) { source, target in
      unsafe stream.next_in = Self.characters(UnsafeMutablePointer(mutating: source))
      unsafe stream.avail_in = CUnsignedInt(inputCount)
      unsafe stream.next_out = Self.characters(target)
      unsafe stream.avail_out = CUnsignedInt(outputCount)
      switch direction {
      case .decompress: return unsafe BZ2_bzDecompress(&stream)
      case .compress: return unsafe BZ2_bzCompress(&stream, isLast ? BZ_FINISH : BZ_RUN)
      }
    }
    let good = [BZ_OK, BZ_RUN_OK, BZ_FINISH_OK, BZ_STREAM_END]
    guard good.contains(status) else { throw status == BZ_MEM_ERROR ? .memory : .damage }
    return unsafe CodecStep(
      readByteCount: inputCount - Int(stream.avail_in),
      writtenByteCount: outputCount - Int(stream.avail_out), isEnd: status == BZ_STREAM_END)
  }
}
