private import ByteIO

/// The size of a BAR, which no dump says.
public struct BARSize: Sendable, Hashable {
  /// The BAR's number, 0 to 5.
  public let index: Int
  /// Any size; that of a BAR is a power of two of at least 4 (PCIe 7.5.1.2.1).
  public let byteCount: UInt64

  /// Reads `INDEX=SIZE`, as in `0=16KiB`; nil for any other text.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), (0...5).contains(index),
      let byteCount = UInt64(byteCount: parts[1])
    else { return nil }
    self.index = index
    self.byteCount = byteCount
  }
}
