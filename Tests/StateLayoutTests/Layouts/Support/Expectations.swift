import StateLayout
import StateTestSupport
import Testing

/// The shipped layout of this name.
func shippedLayout(_ name: String) throws -> Layout {
  try #require(Layout.named(name), "there is no layout \(name)")
}

/// Expects that the layout has nothing to say of a state, gives it back byte for byte, and is the
/// one that is detected.
@discardableResult
func expectSound(
  _ bytes: [UInt8], _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> LayoutTree {
  let tree = try shippedLayout(name).dissect(bytes)
  #expect(tree.findings == [], sourceLocation: sourceLocation)
  #expect(tree.byteCount == UInt64(bytes.count), sourceLocation: sourceLocation)
  try expectSame(tree, bytes, sourceLocation: sourceLocation)
  let detected = Layout.detect(prefix: Array(bytes.prefix(512)), byteCount: UInt64(bytes.count))
  #expect(detected.best?.layout.name == name, sourceLocation: sourceLocation)
  return tree
}

/// Expects a finding of this severity and at this place, that it is the only one or one of `count`,
/// and that the bytes come back all the same where there are enough.
func expectOne(
  _ severity: LayoutFinding.Severity, at path: String, _ words: String, in bytes: [UInt8],
  _ name: String, among count: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let tree = try shippedLayout(name).dissect(bytes)
  let found = tree.findings.map { "\($0)" }
  #expect(tree.findings.count == count, "\(found)", sourceLocation: sourceLocation)
  let isFound = tree.findings.contains { finding in
    finding.severity == severity && finding.path == path && finding.message.contains(words)
  }
  #expect(isFound, "\(found)", sourceLocation: sourceLocation)
  if severity == .error { #expect(!tree.isSound, sourceLocation: sourceLocation) }
  // What was cut is not written again.
  if tree.findings.contains(where: { $0.kind == .truncated }) {
    #expect(throws: LayoutError.self, sourceLocation: sourceLocation) { try tree.encode() }
    return
  }
  try expectSame(tree, bytes, sourceLocation: sourceLocation)
}

/// Expects an error in every state that is a shorter beginning of `bytes`.
func expectEveryCutFound(
  _ bytes: [UInt8], _ name: String, from first: Int = 0, step: Int = 1,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let layout = try shippedLayout(name)
  for count in stride(from: first, to: bytes.count, by: step) {
    let tree = layout.dissect(Array(bytes.prefix(count)))
    #expect(!tree.isSound, "cut at \(count)", sourceLocation: sourceLocation)
  }
}

private func expectSame(
  _ tree: LayoutTree, _ bytes: [UInt8], sourceLocation: SourceLocation
) throws {
  let encoded = try tree.encode().bytes(from: StateBytes(bytes))
  #expect(encoded == bytes, "must be written as it was read", sourceLocation: sourceLocation)
}
