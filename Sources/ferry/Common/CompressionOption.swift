import ArgumentParser
import MigrationStream
import StreamIO

/// `--compression raw|zstd[:LEVEL]|auto`.
struct CompressionOption: ExpressibleByArgument {
  let policy: CodingPolicy

  init(_ policy: CodingPolicy) { self.policy = policy }

  static let standard = CompressionOption(.fixed(.standard))

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("raw", 1): policy = .fixed(.raw)
    case ("auto", 1): policy = .adaptive
    case ("zstd", 1): policy = .fixed(.standard)
    case ("zstd", 2):
      guard let level = Int(parts[1]), (-100...22).contains(level), level != 0 else { return nil }
      policy = .fixed(.zstd(level: level))
    default: return nil
    }
  }

  /// Says what coding will need if that is more than the few MiB of the usual levels.
  func announceMemory(chunkSize: ByteSize) {
    guard case .fixed(let compression) = policy else { return }
    let need = compression.memoryEstimate(chunkByteCount: Int(chunkSize.byteCount))
    guard need > 32 << 20 else { return }
    StandardError.print(
      "ferry: this level with chunks of \(chunkSize) takes about \(ByteSize(UInt64(need))) of memory"
    )
  }
}
