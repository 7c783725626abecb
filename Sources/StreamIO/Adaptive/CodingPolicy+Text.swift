private import MigrationStream

extension CodingPolicy {
  /// Reads `raw`, `zstd`, `zstd:LEVEL` with a level from -100 to 22 that is not 0, or `auto`; nil
  /// for any other text.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("raw", 1): self = .fixed(.raw)
    case ("auto", 1): self = .adaptive
    case ("zstd", 1): self = .fixed(.standard)
    case ("zstd", 2):
      guard let level = Int(parts[1]), (-100...22).contains(level), level != 0 else { return nil }
      self = .fixed(.zstd(level: level))
    default: return nil
    }
  }
}
