/// The settings of a HiSilicon accelerator's virtual function, and of its host's driver.
struct HisiAccSettings: Sendable, Hashable {
  /// Which accelerator.
  enum Accelerator: String, Sendable, Hashable, CaseIterable {
    case zip, sec, hpre

    /// Of its virtual function (include/linux/pci_ids.h).
    var deviceID: UInt16 {
      switch self {
      case .zip: 0xa251
      case .sec: 0xa256
      case .hpre: 0xa259
      }
    }

    var classCode: UInt32 { self == .zip ? 0x12_0000 : 0x10_0000 }
  }

  var generation = HisiAccGeneration.v2
  var accelerator = Accelerator.zip
  /// The queue pairs of the function, which its host set.
  var queuePairCount: UInt32 = 64
  /// The first of them among the physical function's.
  var queuePairBase: UInt32 = 1024
  /// `QM_QUE_ISO_CFG_V` of the physical function.
  var isolation: UInt32 = 0
  /// Whether the guest has a driver for the function.
  var isReady = true
  var seed: UInt64 = 0
}

/// Which driver of the family: they differ in what they emit and accept, and in their quirks.
package enum HisiAccGeneration: String, Sendable, Hashable, CaseIterable {
  /// Linux 5.18 to 6.1: emits V1 when stopped, and takes it only in one piece.
  case first
  /// Linux 6.2 until the correction of addresses: V1 in and out, with PRE_COPY.
  case v1
  /// With the correction (Debian's 6.12.117, and the newest): emits V2, takes V1 and V2.
  case v2

  var emitsV2: Bool { self == .v2 }

  var magic: UInt64 { emitsV2 ? HisiAccLayout.magicV2 : HisiAccLayout.magicV1 }

  /// The address of the queue with this context, as the generation composes it. V1 takes the word
  /// before the low half for the low half (the bug that V2 corrects).
  func address(in context: [UInt32]) -> UInt64 {
    emitsV2
      ? UInt64(context[2]) << 32 | UInt64(context[1])
      : UInt64(context[1]) << 32 | UInt64(context[0])
  }
}
