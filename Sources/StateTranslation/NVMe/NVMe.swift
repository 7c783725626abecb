import Devices
import StateLayout

extension DriverFamily {
  static let nvme = DriverFamily(
    driver: "nvme_vfio_pci",
    translations: NVMeTranslation.all,
    facts: .group("nvme", \.nvme),
    readState: { tree, facts in
      facts.nvme = DeviceFacts.NVMe()
      facts.nvme?.stateVersion = tree.integer("ver").flatMap { UInt16(exactly: $0) }
    },
    meanings: [
      ErrnoMeaning(.load, .inputOutput, "the controller refused the state")
    ])
}

extension DeviceFacts {
  /// The facts of the family nvme, below the key `nvme`.
  public var nvme: NVMe? {
    get { self[NVMe.self] }
    set { self[NVMe.self] = newValue }
  }

  /// An NVMe controller.
  public struct NVMe: Sendable, Hashable {
    /// The version of the controller state format, which source and target must have in common.
    public var stateVersion: UInt16?
    /// The entries that a queue may have: MQES + 1.
    public var queueEntryLimit: Int?
    /// The I/O queues of either kind; identifiers run from 1 to this.
    public var queueCount: Int?
    /// Whether queues must be contiguous (CQR).
    public var requiresContiguousQueues: Bool?
    /// Whether weighted round robin with urgent priority class is supported (CAP.AMS).
    public var hasWeightedArbitration: Bool?
    /// The formats of vendor-specific state that the controller has, by the UUIDs of their vendors.
    public var vendorUUIDs: [String]?

    public init() {}
  }
}

extension DeviceFacts.NVMe: FactGroup {
  static let fields: [FactField<Self>] = [
    .integer("state-version", \.stateVersion),
    .integer("queue-entries", \.queueEntryLimit, in: 2...65536),
    .integer("io-queues", \.queueCount, in: 0...65535),
    .truth("contiguous-queues", \.requiresContiguousQueues),
    .truth("weighted-round-robin", \.hasWeightedArbitration),
    .texts("vendor-uuids", \.vendorUUIDs),
  ]
}
