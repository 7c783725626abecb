/// What dissecting a state may cost. A state that has more is read to its end all the same; what is beyond a limit is kept as
/// a range.
public struct DissectionLimits: Sendable, Hashable {
  /// The longest run of bytes that is loaded; a longer one is kept as its range.
  public var fieldByteCount: Int
  /// The most bytes that are loaded in all.
  public var loadedByteCount: Int
  /// The most fields that are kept in all.
  public var nodeCount: Int
  /// The most items that are kept of an array.
  public var itemCount: Int
  /// The most structures within each other.
  public var depth: Int
  /// The most fields that are read, kept or not; reading ends there with an error as finding.
  public var fieldCount: Int
  /// The most findings that are kept.
  public var findingCount: Int

  /// 64 KiB of a field and 8 MiB in all, 65,536 fields, 4096 items of an array, 48 levels, 256 findings.
  public static var standard: Self { Self() }

  public init(
    fieldByteCount: Int = 1 << 16, loadedByteCount: Int = 1 << 23, nodeCount: Int = 1 << 16,
    itemCount: Int = 4096, depth: Int = 48, fieldCount: Int = 1 << 28, findingCount: Int = 256
  ) {
    self.fieldByteCount = fieldByteCount
    self.loadedByteCount = loadedByteCount
    self.nodeCount = nodeCount
    self.itemCount = itemCount
    self.depth = depth
    self.fieldCount = fieldCount
    self.findingCount = findingCount
  }
}
