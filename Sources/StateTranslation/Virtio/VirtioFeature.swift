/// Feature bits of virtio that messages name, and that parts depend on.
struct VirtioFeature: Hashable {
  let bit: Int

  static let controlQueue = VirtioFeature(bit: 17)
  static let controlReceive = VirtioFeature(bit: 18)
  static let controlVLAN = VirtioFeature(bit: 19)
  static let controlReceiveExtra = VirtioFeature(bit: 20)
  static let guestAnnounce = VirtioFeature(bit: 21)
  static let multiqueue = VirtioFeature(bit: 22)
  static let controlAddress = VirtioFeature(bit: 23)
  static let packedRing = VirtioFeature(bit: 34)
  static let hashReport = VirtioFeature(bit: 57)
  static let receiveSideScaling = VirtioFeature(bit: 60)

  // VIRTIO 1.4, 5.1.3 (a network device's) and 6 (of all devices).
  private static let names: [Int: String] = [
    0: "CSUM", 1: "GUEST_CSUM", 2: "CTRL_GUEST_OFFLOADS", 3: "MTU", 5: "MAC", 7: "GUEST_TSO4",
    8: "GUEST_TSO6", 9: "GUEST_ECN", 10: "GUEST_UFO", 11: "HOST_TSO4", 12: "HOST_TSO6",
    13: "HOST_ECN", 14: "HOST_UFO", 15: "MRG_RXBUF", 16: "STATUS", 17: "CTRL_VQ", 18: "CTRL_RX",
    19: "CTRL_VLAN", 20: "CTRL_RX_EXTRA", 21: "GUEST_ANNOUNCE", 22: "MQ", 23: "CTRL_MAC_ADDR",
    28: "INDIRECT_DESC", 29: "EVENT_IDX", 32: "VERSION_1", 33: "ACCESS_PLATFORM",
    34: "RING_PACKED", 35: "IN_ORDER", 36: "ORDER_PLATFORM", 37: "SR_IOV", 38: "NOTIFICATION_DATA",
    39: "NOTIF_CONFIG_DATA", 40: "RING_RESET", 41: "ADMIN_VQ", 52: "HASH_TUNNEL",
    53: "VQ_NOTF_COAL",
    54: "NOTF_COAL", 55: "GUEST_USO4", 56: "HOST_USO", 57: "HASH_REPORT", 59: "GUEST_HDRLEN",
    60: "RSS", 61: "RSC_EXT", 62: "STANDBY", 63: "SPEED_DUPLEX",
  ]

  func isSet(in words: [UInt64]) -> Bool {
    words.indices.contains(bit / 64) && words[bit / 64] >> UInt64(bit % 64) & 1 == 1
  }
}

extension VirtioFeature: CustomStringConvertible {
  /// `22 (MQ)`.
  var description: String { Self.names[bit].map { "\(bit) (\($0))" } ?? "\(bit)" }
}

extension VirtioFeature {
  /// The features that `words` has and `others` has not.
  static func missing(from others: [UInt64], in words: [UInt64]) -> [VirtioFeature] {
    words.indices.flatMap { index -> [VirtioFeature] in
      let rest = words[index] & ~(others.indices.contains(index) ? others[index] : 0)
      return (0..<64).filter { rest >> UInt64($0) & 1 == 1 }.map {
        VirtioFeature(bit: 64 * index + $0)
      }
    }
  }

  /// The feature that a command of the control queue needs (VIRTIO 1.4, 5.1.6.5); nil for an
  /// unknown command.
  static func needed(forClass commandClass: Int128, command: Int128) -> VirtioFeature? {
    switch (commandClass, command) {
    case (0, 0...1): .controlReceive
    case (0, 2...5): .controlReceiveExtra
    case (1, 0): .controlReceive
    case (1, 1): .controlAddress
    case (2, 0): .controlVLAN
    case (3, 0): .guestAnnounce
    case (4, 0): .multiqueue
    case (4, 1): .receiveSideScaling
    case (4, 2): .hashReport
    default: nil
    }
  }
}
