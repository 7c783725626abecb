import FuzzSupport
import Inputs

/// The entry point of libFuzzer.
///
/// An input is the first bytes of a file. What must hold: no crash; every kind has words; the rest
/// of the file, of which only the length is told, makes no difference to what a stream is.
@c(LLVMFuzzerTestOneInput)
public func fuzzInputs(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let prefix = [UInt8](
    UnsafeBufferPointer(start: bytes, count: min(count, FileKind.prefixByteCount)))
  let kind = FileKind(prefix: prefix, byteCount: UInt64(count))
  require(!"\(kind)".isEmpty, "a kind has words")
  let piped = FileKind(prefix: prefix, byteCount: nil)
  require(
    (kind == .migrationStream) == (piped == .migrationStream),
    "a stream is one in a pipe too: \(kind), \(piped)")
  return 0
}
