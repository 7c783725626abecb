import ArgumentParser

/// The size of a BAR, which no dump says: `0=16KiB`.
struct BARSize: ExpressibleByArgument {
  let index: Int
  let byteCount: UInt64

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), (0...5).contains(index),
      let size = ByteSize(argument: String(parts[1]))
    else { return nil }
    self.index = index
    byteCount = size.byteCount
  }
}
