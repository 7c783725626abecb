/// A state taken apart by its layout.
///
/// A tree can be changed and written again: `encode()` gives the same bytes where nothing was changed, and after a change
/// the lengths and counts that depend on content are made to agree with it.
public struct LayoutTree: Sendable {
  public let layout: Layout
  /// The whole state.
  public var root: LayoutNode
  /// What the layout has to say of the state as it was read, in the order in which it was met; at most a few hundred.
  public internal(set) var findings: [LayoutFinding]
  /// The number of findings beyond those.
  public internal(set) var moreFindings: UInt64
  /// The length of the state that was read; 0 for a tree that was composed.
  public internal(set) var byteCount: UInt64

  /// A tree that was not read but composed; `root` is a record of the layout's top-level type.
  ///
  /// Lengths and counts that depend on content, and fields that can have one value only, may be left out.
  public init(composing root: LayoutNode, by layout: Layout) {
    self.layout = layout
    self.root = root
    findings = []
    moreFindings = 0
    byteCount = 0
  }

  init(layout: Layout, root: LayoutNode, report: FindingList, byteCount: UInt64) {
    self.layout = layout
    self.root = root
    findings = report.findings
    moreFindings = report.more
    self.byteCount = byteCount
  }

  /// Whether the state ends where its layout does: not truncated, and with nothing behind it.
  public var isComplete: Bool {
    !findings.contains { $0.severity == .error && $0.kind != .value && $0.kind != .rule }
  }

  /// Whether no finding is an error. A state that is not sound must not be loaded, even where the driver would take it.
  public var isSound: Bool { !findings.contains { $0.severity == .error } }

  /// The worst finding's severity.
  public var severity: LayoutFinding.Severity? { findings.map(\.severity).max() }

  /// The field at `path`, such as `records[2].tag`; nil where there is none.
  public subscript(path: String) -> LayoutNode? { root[path] }

  /// The integer at `path`, if there is one.
  public func integer(_ path: String) -> Int128? { root[path]?.integer }

  /// Gives the integer at `path` another value; throws where there is no integer.
  public mutating func set(_ path: String, to value: some BinaryInteger) throws(LayoutError) {
    try root.set(path, to: value)
  }

  /// Gives the bytes at `path` another content; throws where there are no bytes.
  public mutating func set(_ path: String, to payload: Payload) throws(LayoutError) {
    try root.set(path, to: payload)
  }

  /// The state's bytes; what was not loaded stays a place in the source that the tree was read from.
  ///
  /// A state that was read short, and not given all that it lacks since, is not written: throws `incomplete` with the field at
  /// which reading it ended. Throws too where a field is missing, does not fit its type, or has a length that another field contradicts which does not
  /// simply measure it.
  public func encode() throws(LayoutError) -> Payload {
    try layout.encode(root)
  }

  /// The state's bytes, for a tree that has all of them in memory; throws `incomplete` where it has not.
  public func encodedBytes() throws(LayoutError) -> [UInt8] {
    guard let bytes = try encode().loadedBytes else {
      throw LayoutError(
        .incomplete, at: .field(""), "expected bytes in memory, found some in the source only")
    }
    return bytes
  }
}
