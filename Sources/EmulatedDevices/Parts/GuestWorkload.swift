import ByteIO

/// A guest's use of a device, made up from a seed: the same seed gives the same addresses, indices
/// and choices.
struct GuestWorkload: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    defer { state &+= 0x9e37_79b9_7f4a_7c15 }
    return GeneratedMemory.mix(state)
  }

  /// The address of a page of the guest's memory below 256 GiB, but not the first 4 GiB.
  mutating func page() -> UInt64 { UInt64.random(in: 1 << 32..<1 << 38, using: &self) & ~0xfff }

  mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: next()) }

  mutating func index(below count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &self) }
}

/// A digest of a few bytes.
func digest(of bytes: [UInt8]) -> String {
  var value = GeneratedMemory.mix(UInt64(bytes.count))
  for byte in bytes { value = GeneratedMemory.mix(value ^ UInt64(byte)) }
  return hex(value, digits: 16)
}
