/// What a virtual function of an emulated Intel 82576 is like.
public struct IgbSettings: Sendable, Hashable {
  /// Which of the structures of version 1 the device hands out and takes.
  public enum Structure: Sendable, Hashable, CaseIterable {
    /// Registers alone, and only of the function's own number.
    case registers
    /// With receive addresses and the contexts of transmit queues; of any function, whose number the device changes.
    case whole

    public var byteCount: Int { self == .registers ? 528 : 1024 }
  }

  public var structure = Structure.whole
  /// The number of the function, 0 to 7.
  public var number = 0
  /// The addresses that the function receives, 1 to 16; the first is the one that its host gave.
  public var addressCount = 1
  /// Whether the guest has a driver for the function.
  public var isReady = true
  public var seed: UInt64 = 0

  public init() {}
}
