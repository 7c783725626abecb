/// What a HiSilicon accelerator's virtual function is like, and its host's driver.
public struct HisiAccSettings: Sendable, Hashable {
  /// Which accelerator.
  public enum Accelerator: String, Sendable, Hashable, CaseIterable {
    case zip, sec, hpre

    /// Of its virtual function (include/linux/pci_ids.h).
    public var deviceID: UInt16 {
      switch self {
      case .zip: 0xa251
      case .sec: 0xa256
      case .hpre: 0xa259
      }
    }

    var classCode: UInt32 { self == .zip ? 0x12_0000 : 0x10_0000 }
  }

  public var generation = HisiAccGeneration.v2
  public var accelerator = Accelerator.zip
  /// The queue pairs of the function, which its host set.
  public var queuePairCount: UInt32 = 64
  /// The first of them among the physical function's.
  public var queuePairBase: UInt32 = 1024
  /// `QM_QUE_ISO_CFG_V` of the physical function.
  public var isolation: UInt32 = 0
  /// Whether the guest has a driver for the function.
  public var isReady = true
  public var seed: UInt64 = 0

  public init() {}
}
