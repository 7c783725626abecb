import ByteIO

/// The settings of a virtio network function: its vendor's design, and its host's provisioning.
struct VirtioNetSettings: Sendable, Hashable {
  /// Bits of `device_feature` (VIRTIO 1.4, 5.1.3 and 6).
  struct Features: OptionSet, Sendable, Hashable {
    let rawValue: UInt64

    static var controlQueue: Self { Self(rawValue: 1 << 17) }
    static var controlReceive: Self { Self(rawValue: 1 << 18) }
    static var controlVLAN: Self { Self(rawValue: 1 << 19) }
    static var multiqueue: Self { Self(rawValue: 1 << 22) }
    static var controlAddress: Self { Self(rawValue: 1 << 23) }
    static var version1: Self { Self(rawValue: 1 << 32) }
    static var packedRing: Self { Self(rawValue: 1 << 34) }
    static var notificationData: Self { Self(rawValue: 1 << 39) }

    /// The features of most devices: checksums and segmentation (0, 1, 7, 8, 11, 12), address and
    /// status (5, 16), merged buffers (15), the control queue and its features, indirect
    /// descriptors and event indices (28, 29).
    static var common: Self {
      Self(rawValue: 0x3001_99a3).union([
        .controlQueue, .controlReceive, .controlVLAN, .multiqueue, .controlAddress, .version1,
      ])
    }
  }

  /// The features that the device offers; without bit 32 it is a legacy device.
  var features = Features.common
  /// The 64-bit words that the device has for features: vendors differ.
  var featureWordCount = 1
  /// The features that the guest's driver chose; nil for a choice by the seed.
  var negotiated: Features?
  /// The pairs of queues that the guest is shown.
  var pairCount = 4
  /// The most pairs that the device could be provisioned with.
  var pairLimit = 4
  /// The largest size of a queue.
  var queueSize: UInt16 = 256
  /// The offset for notifications of queue 0, and the distance to the next queue's, in units of the
  /// multiplier.
  var notifyBase: UInt16 = 0
  var notifyStride: UInt16 = 1
  /// `queue_notif_config_data` of queue 0; the next has one more.
  var notifyData: UInt16 = 0
  var vectorCount = 10
  /// The most unicast and multicast addresses that the device filters.
  var addressLimit = 64
  /// The BAR with the virtio structures: 0, 2 or 4.
  var bar = 4
  /// Whether the driver has PRE_COPY, which came after its first version.
  var hasPreCopy = true
  /// How many times the device has a new state while it runs: the driver asks it once a second.
  var refreshCount = 1
  /// Whether the guest has set the device up.
  var isReady = true
  var seed: UInt64 = 0

  /// Two for each pair, and the control queue if there is one.
  var queueCount: Int { 2 * pairCount + (features.contains(.controlQueue) ? 1 : 0) }

  func notifyOffset(_ queue: Int) -> UInt16 { notifyBase &+ UInt16(queue) &* notifyStride }

  func notifyData(_ queue: Int) -> UInt16 {
    features.contains(.notificationData) ? notifyData &+ UInt16(queue) : 0
  }

  /// The first thing that is wrong with the settings.
  var defect: String? {
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
