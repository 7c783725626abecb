import FuzzSupport
import StateLayout

/// Parsed once; their expressions are what LeakSanitizer does not see.
private let layouts = keptToTheEnd { Layout.shipped }

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses a shipped layout, the rest is a state; of each eighth length
/// it is read within few limits. What must hold: no crash; every field lies within the state; a
/// state is written as it was read or not at all, and a sound one of which all is kept is written;
/// limits bound what is kept.
@c(LLVMFuzzerTestOneInput)
public func fuzzDissect(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let layout = layouts[Int(input[0]) % layouts.count]
  let state = [UInt8](input.dropFirst())
  let isCut = state.count % 8 == 4
  var limits = DissectionLimits.standard
  if isCut {
    limits.itemCount = 2
    limits.nodeCount = 64
    limits.fieldByteCount = 8
  }
  let tree = layout.dissect(state, limits: limits)
  checkRanges(tree.root, within: UInt64(state.count))
  if let written = try? tree.encode().bytes(from: StateBytes(state)) {
    require(written == state, "a state of \(layout.name) is written as it was read, or not at all")
  } else {
    require(isCut || !tree.isSound, "a sound state of \(layout.name) is written")
  }
  if isCut { require(fieldCount(tree.root) < 20_000, "few fields are kept") }
  // It costs as much as all before: inputs of one length in eight do it.
  if state.count % 8 == 0 {
    _ = Layout.detect(prefix: Array(state.prefix(256)), byteCount: UInt64(state.count))
  }
  return 0
}

private func checkRanges(_ node: LayoutNode, within end: UInt64) {
  if let range = node.range {
    require(range.upperBound <= end, "\(node.name) ends at \(range.upperBound) of \(end)")
  }
  for child in node.fields { checkRanges(child, within: end) }
  for child in node.items { checkRanges(child, within: end) }
}

private func fieldCount(_ node: LayoutNode) -> Int {
  node.items.reduce(node.fields.reduce(1) { $0 + fieldCount($1) }) { $0 + fieldCount($1) }
}
