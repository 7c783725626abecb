/// A state taken apart by its layout.
///
/// A tree can be changed and written again. `encode()` gives the same bytes if nothing was changed;
/// after a change it makes the lengths and counts that depend on content agree with it.
public struct LayoutTree: Sendable {
  /// The layout by which the tree was read, and by which `encode()` writes it.
  public let layout: Layout
  /// The whole state.
  public var root: LayoutNode
  /// The findings about the state as it was read, in the order of reading; at most a few hundred.
  public internal(set) var findings: [LayoutFinding]
  /// The number of findings beyond those.
  public internal(set) var moreFindings: UInt64
  /// The length of the state that was read; 0 for a tree that was composed.
  public internal(set) var byteCount: UInt64

  /// A tree that was not read but composed; `root` is a record of the layout's top-level type.
  ///
  /// Lengths and counts that depend on content, and fields that can have one value only, may be
  /// left out.
  public init(composing root: LayoutNode, by layout: Layout) {
    self.layout = layout
    self.root = root
    findings = []
    moreFindings = 0
    byteCount = 0
  }

  init(
    layout: Layout, root: LayoutNode, findings: [LayoutFinding], moreFindings: UInt64,
    byteCount: UInt64
  ) {
    self.layout = layout
    self.root = root
    self.findings = findings
    self.moreFindings = moreFindings
    self.byteCount = byteCount
  }

  /// Whether the state ends where its layout does: not truncated, and with nothing behind it.
  public var isComplete: Bool {
    !findings.contains { $0.severity == .error && $0.kind != .value && $0.kind != .rule }
  }

  /// Whether no finding is an error. A state that is not sound must not be loaded, even if the
  /// driver would take it.
  public var isSound: Bool { !findings.contains { $0.severity == .error } }

  /// The worst finding's severity.
  public var severity: LayoutFinding.Severity? { findings.map(\.severity).max() }

  /// The field at `path`, such as `records[2].tag`; nil if there is none.
  public subscript(path: String) -> LayoutNode? { root[path] }

  /// The integer at `path`, if there is one.
  public func integer(_ path: String) -> Int128? { root[path]?.integer }

  /// Sets the integer at `path`; throws `path` if there is no field, and `value` if it is no
  /// integer.
  public mutating func set(_ path: String, to value: some BinaryInteger) throws(LayoutError) {
    try root.set(path, to: value)
  }

  /// Sets the bytes at `path`; throws `path` if there is no field, and `value` if it has no bytes.
  public mutating func set(_ path: String, to payload: Payload) throws(LayoutError) {
    try root.set(path, to: payload)
  }
}
