/// What a YAML text may cost: reading stops with an error when it asks for more.
public struct YAMLLimits: Sendable, Hashable {
  /// The most bytes of text.
  public var byteCount: Int
  /// The most levels of nesting.
  public var depth: Int
  /// The most scalars, sequences and mappings together.
  public var nodeCount: Int

  /// 4 MiB of text, 64 levels, half a million nodes.
  public static var standard: Self { Self(byteCount: 4 << 20, depth: 64, nodeCount: 500_000) }

  /// Limits that a reader holds a text against before it builds anything.
  public init(byteCount: Int, depth: Int, nodeCount: Int) {
    self.byteCount = byteCount
    self.depth = depth
    self.nodeCount = nodeCount
  }
}
