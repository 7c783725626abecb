import ArgumentParser
import MigrationStream

/// `--compression raw|zstd[:LEVEL]`.
struct CompressionOption: ExpressibleByArgument {
  let compression: Compression

  init(_ compression: Compression) { self.compression = compression }

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("raw", 1): compression = .raw
    case ("zstd", 1): compression = .standard
    case ("zstd", 2):
      guard let level = Int(parts[1]), (-100...22).contains(level), level != 0 else { return nil }
      compression = .zstd(level: level)
    default: return nil
    }
  }

  var defaultValueDescription: String { "zstd:1" }

  /// Says what coding will need where that is more than the few MiB of the usual levels.
  func announceMemory(chunkSize: ByteSize) {
    let need = compression.memoryEstimate(chunkByteCount: Int(chunkSize.byteCount))
    guard need > 32 << 20 else { return }
    StandardError.print(
      "ferry: this level with chunks of \(chunkSize) takes about \(ByteSize(UInt64(need))) of memory"
    )
  }
}
