/// The number that a caller has for an object: its slot in the table, its kind, and how many
/// objects the slot had before.
///
/// From bit 0 on: 16 bits of slot, 8 of kind, 39 of generation, which begins at 1. Bit 63 is 0 in a
/// handle and marks a slot whose object is in a call.
struct Handle: Equatable {
  static let slotCount = 1 << 16
  static let maximumGeneration: UInt64 = 1 << 39 - 1
  static let inCall: UInt64 = 1 << 63

  let rawValue: UInt64

  init(_ rawValue: UInt64) { self.rawValue = rawValue }

  init(slot: Int, kind: HandleKind, generation: UInt64) {
    rawValue = generation << 24 | UInt64(kind.rawValue) << 16 | UInt64(slot)
  }

  var slot: Int { Int(rawValue & 0xffff) }
  var kind: HandleKind? { HandleKind(rawValue: UInt8(truncatingIfNeeded: rawValue >> 16)) }
  var generation: UInt64 { rawValue >> 24 & Self.maximumGeneration }
}
