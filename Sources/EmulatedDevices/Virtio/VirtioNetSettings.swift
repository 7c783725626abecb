import ByteIO

/// What a virtio network function is like: what its vendor built, and how its host provisioned it.
public struct VirtioNetSettings: Sendable, Hashable {
  /// Bits of `device_feature` (VIRTIO 1.4, 5.1.3 and 6).
  public struct Features: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static var controlQueue: Self { Self(rawValue: 1 << 17) }
    public static var controlReceive: Self { Self(rawValue: 1 << 18) }
    public static var controlVLAN: Self { Self(rawValue: 1 << 19) }
    public static var multiqueue: Self { Self(rawValue: 1 << 22) }
    public static var controlAddress: Self { Self(rawValue: 1 << 23) }
    public static var version1: Self { Self(rawValue: 1 << 32) }
    public static var packedRing: Self { Self(rawValue: 1 << 34) }
    public static var notificationData: Self { Self(rawValue: 1 << 39) }

    /// What most devices offer: checksums and segmentation (0, 1, 7, 8, 11, 12), address and status (5, 16),
    /// merged buffers (15), the control queue and what it needs, indirect descriptors and event indices (28, 29).
    public static var common: Self {
      Self(rawValue: 0x3001_99a3).union([
        .controlQueue, .controlReceive, .controlVLAN, .multiqueue, .controlAddress, .version1,
      ])
    }
  }

  /// What the device offers; without bit 32 none of it is modern.
  public var features = Features.common
  /// The 64-bit words that the device has for features: vendors differ.
  public var featureWordCount = 1
  /// What the guest's driver chose; nil for a choice by the seed.
  public var negotiated: Features?
  /// The pairs of queues that the guest is shown.
  public var pairCount = 4
  /// The most pairs that the device could be provisioned with.
  public var pairLimit = 4
  /// The largest size of a queue.
  public var queueSize: UInt16 = 256
  /// Where the notifications of queue 0 go, and how far from it those of the next, in units of the multiplier.
  public var notifyBase: UInt16 = 0
  public var notifyStride: UInt16 = 1
  /// `queue_notif_config_data` of queue 0; the next has one more.
  public var notifyData: UInt16 = 0
  public var vectorCount = 10
  /// The most unicast and multicast addresses that the device filters.
  public var addressLimit = 64
  /// The BAR with the virtio structures: 0, 2 or 4.
  public var bar = 4
  /// Whether the driver has PRE_COPY, which came after its first version.
  public var hasPreCopy = true
  /// How many times it has a new state to hand out while the device runs: the driver asks the device once a second.
  public var refreshCount = 1
  /// Whether the guest has set the device up.
  public var isReady = true
  public var seed: UInt64 = 0

  public init() {}

  /// Two for each pair, and the control queue where there is one.
  public var queueCount: Int { 2 * pairCount + (features.contains(.controlQueue) ? 1 : 0) }

  func notifyOffset(_ queue: Int) -> UInt16 { notifyBase &+ UInt16(queue) &* notifyStride }

  func notifyData(_ queue: Int) -> UInt16 {
    features.contains(.notificationData) ? notifyData &+ UInt16(queue) : 0
  }

  /// The first thing that is wrong with the settings.
  public var defect: String? {
    if !(1...2048).contains(pairCount) { return "expected 1 to 2048 pairs, found \(pairCount)" }
    if pairLimit < pairCount {
      return "expected at least \(pairCount) pairs that the device could have, found \(pairLimit)"
    }
    if queueSize == 0 || queueSize > 32768 {
      return "expected queues of 1 to 32768, found \(queueSize)"
    }
    if !features.contains(.version1) {
      return "expected features with bit 32 (VERSION_1), found 0x\(hex(features.rawValue))"
    }
    if let negotiated, !negotiated.isSubset(of: features) || !negotiated.contains(.version1) {
      return "expected negotiated features that the device has, and among them bit 32, found "
        + "0x\(hex(negotiated.rawValue))"
    }
    if !(1...2048).contains(vectorCount) {
      return "expected 1 to 2048 vectors, found \(vectorCount)"
    }
    return nil
  }
}
