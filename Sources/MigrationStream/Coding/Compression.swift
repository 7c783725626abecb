private import CZstd

/// How a writer codes chunks; constant chunks become fill in either case.
public enum Compression: Sendable, Hashable {
  /// Chunks stay as they are.
  case raw
  /// Chunks that zstd shrinks become one frame each, coded at this level (1 to 22, or below 0 for
  /// faster).
  case zstd(level: Int)

  /// zstd at level 1, the fastest of the regular ones.
  public static var standard: Self { .zstd(level: 1) }

  /// About how many bytes of memory coding takes with chunks of this size, buffers included.
  public func memoryEstimate(chunkByteCount: Int) -> Int {
    guard case .zstd(let level) = self else { return chunkByteCount }
    let parameters = ZSTD_getCParams(Int32(clamping: level), UInt64(chunkByteCount), 0)
    return ZSTD_estimateCCtxSize_usingCParams(parameters) + 2 * chunkByteCount
  }
}
