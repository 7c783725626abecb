import MigrationStream
import StreamIO

extension CodingPolicy {
  /// Says what coding will need if that is more than the few MiB of the usual levels.
  func announceMemory(chunkSize: ByteSize) {
    guard case .fixed(let compression) = self else { return }
    let need = compression.memoryEstimate(chunkByteCount: Int(chunkSize.byteCount))
    guard need > 32 << 20 else { return }
    StandardError.print(
      "ferry: this level with chunks of \(chunkSize) takes about \(ByteSize(UInt64(need))) of memory"
    )
  }
}
