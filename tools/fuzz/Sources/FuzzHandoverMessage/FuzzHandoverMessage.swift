import FuzzSupport
import Handover

/// The entry point of libFuzzer.
///
/// An input is a message of a peer. What must hold: no crash; a message that is read is written and
/// read alike again, and is no longer than what it was read from allows.
@c(LLVMFuzzerTestOneInput)
public func fuzzHandoverMessage(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0, count <= 1 << 16 else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let message = try? HandoverMessage(parsing: input) else { return 0 }
  let written = message.bytes
  require((try? HandoverMessage(parsing: written)) == message, "a message is read alike again")
  // A finding that is cut to nothing is written with all its fields.
  require(written.count <= 16 * input.count + 256, "a message does not grow")
  return 0
}
