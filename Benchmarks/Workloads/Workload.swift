import MigrationStream

/// Work over memory: ours, or that of a library that ours stands on.
public struct Workload {
  public let name: String
  /// The state bytes that one run handles.
  public let byteCount: Int
  public let run: () -> Void

  init(_ name: String, _ byteCount: Int, _ run: @escaping () -> Void) {
    self.name = name
    self.byteCount = byteCount
    self.run = run
  }

  /// Every workload, over the same mixed pages: the peers first, then encoder and decoder.
  public static func all(byteCount: Int) -> [Workload] {
    let pages = Memory.mixedPages(byteCount)
    return peers(pages) + [Compression.raw, .zstd(level: 1)].flatMap { codec(pages, $0) }
  }
}
