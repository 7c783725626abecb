/// Which driver of the family: they differ in what they emit and accept, and in their quirks.
public enum HisiAccGeneration: String, Sendable, Hashable, CaseIterable {
  /// Linux 5.18 to 6.1: emits V1 when stopped, and takes it only in one piece.
  case first
  /// Linux 6.2 until the correction of addresses: V1 in and out, with PRE_COPY.
  case v1
  /// With the correction (Debian's 6.12.117, and the newest): emits V2, takes V1 and V2.
  case v2

  var emitsV2: Bool { self == .v2 }

  var magic: UInt64 { emitsV2 ? HisiAccLayout.magicV2 : HisiAccLayout.magicV1 }

  /// The address of the queue with this context, as the generation puts it together: V1 takes the word before the low
  /// half for the low half (the bug that V2 corrects).
  func address(in context: [UInt32]) -> UInt64 {
    emitsV2
      ? UInt64(context[2]) << 32 | UInt64(context[1])
      : UInt64(context[1]) << 32 | UInt64(context[0])
  }
}
