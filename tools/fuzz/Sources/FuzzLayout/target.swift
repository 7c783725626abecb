import FuzzSupport
import StateLayout

/// The entry point of libFuzzer.
///
/// An input is the text of a layout. What must hold: no crash, and no more work than the limits
/// allow; a state that the layout takes apart as complete and that can be written is written the
/// same.
@c(LLVMFuzzerTestOneInput)
public func fuzzLayout(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let layout = try? Layout(parsing: text) else { return 0 }
  var limits = DissectionLimits.standard
  limits.fieldCount = 20_000
  limits.nodeCount = 2000
  for state in [[], [UInt8](0..<64), text] {
    let tree = layout.dissect(state, limits: limits)
    _ = Layout.detect(prefix: state, byteCount: UInt64(state.count) + 7, among: [layout])
    guard tree.isComplete, let written = try? tree.encode().bytes(from: StateBytes(state)) else {
      continue
    }
    require(written == state, "a complete state is written as it was read")
  }
  return 0
}
