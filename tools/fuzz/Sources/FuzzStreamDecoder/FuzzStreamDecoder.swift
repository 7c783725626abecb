import FuzzSupport

/// The entry point of libFuzzer.
///
/// An input is one byte of options, eight that seed the splits, and a stream. What must hold: no
/// crash; no memory beyond the limits (libFuzzer's own watch that); the same answer however the
/// bytes are split; and a stream that is accepted comes back from the encoder with equal content.
@c(LLVMFuzzerTestOneInput)
public func fuzzStreamDecoder(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let prefixByteCount = 9
  guard let bytes, count > prefixByteCount else { return -1 }
  let input = [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  var stream = [UInt8](input[prefixByteCount...])
  let seed = input[1..<prefixByteCount].reduce(0) { $0 << 8 | UInt64($1) }
  if input[0] & 1 != 0 { mendChecksums(&stream) }

  let whole = Reading(stream) { .max }
  var splits = Splits(seed: seed)
  let split = Reading(stream, throughFill: input[0] & 2 != 0) { splits.next() }
  require(whole == split, "the splits of a stream changed its meaning: \(whole) and \(split)")
  if whole.isWhole { checkThatItComesBack(stream) }
  return 0
}

/// The sizes of pieces: mostly small, so that every unit of the format is cut somewhere.
private struct Splits {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  mutating func next() -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return 1 + Int(state >> 8) & (state & 3 == 0 ? 0xfff : 0x3f)
  }
}
