import Devices

extension DriverFamily {
  static let virtio = DriverFamily(
    driver: "virtio_vfio_pci",
    translations: [VirtioTranslation()],
    facts: .group("virtio", \.virtio),
    readState: { tree, facts in facts.virtio = VirtioTranslation().facts(of: tree) },
    meanings: [
      ErrnoMeaning(.write, .invalid, "the device refused a part of the state"),
      ErrnoMeaning(.write, .noSpace, "the device refused a part of the state"),
      ErrnoMeaning(
        .write, .notSupported,
        "a record has a tag that the driver does not know and must"),
    ])
}

extension DeviceFacts {
  /// The facts of the family virtio, below the key `virtio`.
  public var virtio: Virtio? {
    get { self[Virtio.self] }
    set { self[Virtio.self] = newValue }
  }

  /// A virtio function that takes device parts.
  public struct Virtio: Sendable, Hashable {
    /// The features that the device offers, 64 to a word, the lowest first.
    public var deviceFeatures: [UInt64]?
    /// `num_queues` as the guest reads it.
    public var queueCount: Int?
    /// The largest size of each queue, by its index; a single size holds for all queues.
    public var queueSizes: [Int]?
    /// `queue_notify_off` of each queue, by its index.
    public var notifyOffsets: [Int]?
    /// `queue_notif_config_data` of each queue, by its index.
    public var notifyData: [Int]?
    /// The unicast and multicast addresses that a network device filters.
    public var addressLimit: Int?

    public init() {}

    /// The largest size of a queue, if it is known.
    public func queueSize(of queue: Int) -> Int? {
      guard let queueSizes else { return nil }
      if queueSizes.count == 1 { return queueSizes[0] }
      return queueSizes.indices.contains(queue) ? queueSizes[queue] : nil
    }
  }
}

extension DeviceFacts.Virtio: FactGroup {
  static let fields: [FactField<Self>] = [
    .integers("device-features", \.deviceFeatures, isHexadecimal: true),
    .integer("num-queues", \.queueCount, in: 0...65535),
    .integers("queue-sizes", \.queueSizes, in: 1...32768),
    .integers("notify-offsets", \.notifyOffsets, in: 0...65535),
    .integers("notify-data", \.notifyData, in: 0...65535),
    .integer("mac-addresses", \.addressLimit, in: 0...1 << 20),
  ]
}
