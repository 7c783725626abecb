import FuzzSupport
import StateLayout

/// Parsed once; their expressions are what LeakSanitizer does not see.
private let layouts = keptToTheEnd { Layout.shipped }

/// The entry point of libFuzzer.
///
/// The first byte of an input chooses a shipped layout, the rest is a state. What must hold: no
/// crash; every field lies within the state; a state is written as it was read or not at all, and a
/// sound one is written; limits bound what is kept.
@c(LLVMFuzzerTestOneInput)
public func fuzzDissect(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  let layout = layouts[Int(input[0]) % layouts.count]
  let state = [UInt8](input.dropFirst())
  let tree = layout.dissect(state)
  checkRanges(tree.root, within: UInt64(state.count))
  if let written = try? tree.encode().bytes(from: StateBytes(state)) {
    require(written == state, "a state of \(layout.name) is written as it was read, or not at all")
  } else {
    require(!tree.isSound, "a sound state of \(layout.name) is written")
  }
  // Each costs as much as all before: inputs of one length in eight do it.
  switch state.count % 8 {
  case 0: _ = Layout.detect(prefix: Array(state.prefix(256)), byteCount: UInt64(state.count))
  case 4:
    var few = DissectionLimits.standard
    few.itemCount = 2
    few.nodeCount = 64
    few.fieldByteCount = 8
    require(
      fieldCount(layout.dissect(state, limits: few).root) < 20_000, "few fields are kept")
  default: break
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
  (node.fields + node.items).reduce(1) { $0 + fieldCount($1) }
}
