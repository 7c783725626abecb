import FuzzSupport
import MigrationStream

/// The entry point of libFuzzer.
///
/// An input is one byte of options, some damages of five bytes each, and a stream. What must hold:
/// salvage gives all that a decoder gives before it fails; of a whole stream it gives everything,
/// and once that is damaged, nothing else.
@c(LLVMFuzzerTestOneInput)
public func fuzzSalvage(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  guard let bytes, count > 0 else { return -1 }
  let options = bytes[0]
  let prefixByteCount = 1 + Damage.byteCount * Int(options >> 2 & 7)
  guard count > prefixByteCount else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  var stream = [UInt8](input[prefixByteCount...])
  if options & 1 != 0 { mendChecksums(&stream, withIndex: options & 2 != 0) }

  let whole = Reading(stream)
  guard let salvage = Salvage(stream) else {
    require(whole.checksums.isEmpty, "what a decoder reads, salvage takes for no stream")
    return 0
  }
  for (chunk, checksum) in zip(whole.chunks, whole.checksums) {
    require(
      salvage.chunks.contains(Salvage.Chunk(chunk, checksum)), "salvage has lost \(chunk)")
  }
  guard whole.isWhole else { return 0 }
  require(salvage.isWhole, "a whole stream is whole")
  require(salvage.chunks.count == whole.checksums.count, "salvage has found more than there is")
  require(salvage.records == whole.records.filter(\.isMetadata), "salvage has every record")

  for start in stride(from: 1, to: prefixByteCount, by: Damage.byteCount) {
    Damage(input[start..<start + Damage.byteCount]).strike(&stream)
  }
  guard let rest = Salvage(stream) else { return 0 }
  require(
    rest.chunks.isSubset(of: salvage.chunks),
    "damage made chunks: \(rest.chunks.subtracting(salvage.chunks))")
  require(
    Set(rest.records).isSubset(of: salvage.records),
    "damage made records: \(Set(rest.records).subtracting(salvage.records))")
  return 0
}

extension Record {
  fileprivate var isMetadata: Bool { if case .chunk = self { false } else { true } }
}
