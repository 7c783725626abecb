import FuzzSupport
import QEMUStream

/// The entry point of libFuzzer.
///
/// An input is a log. What must hold: no crash; what is read as a message is one when it is written
/// again, and can be explained.
@c(LLVMFuzzerTestOneInput)
public func fuzzQEMULog(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let text = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  guard let log = try? QEMULog(text) else { return 0 }
  for entry in log.entries {
    let message = entry.refusal.message
    let again = try? QEMULog(Array(message.utf8))
    require(
      again?.entries.first?.refusal.message == message, "a message reads as itself: \(message)")
    require(!RefusalExplanation(entry.refusal).meaning.isEmpty, "every message is explained")
  }
  return 0
}
