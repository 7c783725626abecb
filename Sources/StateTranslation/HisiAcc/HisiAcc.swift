import Devices
import StateLayout

extension DriverFamily {
  static let hisiAcc = DriverFamily(
    driver: "hisi_acc_vfio_pci",
    translations: HisiAccTranslation.all,
    facts: .group("hisi_acc", \.hisiAcc),
    readState: { tree, facts in
      func value<Value: FixedWidthInteger>(_ path: String) -> Value? {
        tree.integer(path).flatMap { Value(exactly: $0) }
      }
      facts.pci = DeviceFacts.PCI(deviceID: value("match.dev_id"))
      facts.hisiAcc = DeviceFacts.HisiAcc()
      facts.hisiAcc?.queuePairCount = value("match.qp_num")
      facts.hisiAcc?.queueIsolation = value("match.que_iso_cfg")
    },
    meanings: [
      ErrnoMeaning(
        .write, .fault,
        "the accelerator, its queue pairs, its isolation or the version of the state are "
          + "not those of this device and driver"),
      ErrnoMeaning(.write, .outOfMemory, "the state is longer than 176 bytes"),
      ErrnoMeaning(
        .load, .invalid,
        "the state is neither 40 nor 176 bytes long, or the driver matches it only now "
          + "and it is not of this device"),
    ])
}

extension DeviceFacts {
  /// The facts of the family hisi_acc, below the key `hisi_acc`.
  public var hisiAcc: HisiAcc? {
    get { self[HisiAcc.self] }
    set { self[HisiAcc.self] = newValue }
  }

  /// A virtual function of a HiSilicon accelerator; the driver compares these, and never
  /// negotiates.
  public struct HisiAcc: Sendable, Hashable {
    /// The queue pairs that the function has.
    public var queuePairCount: UInt32?
    /// The physical function's queue isolation register (`QM_QUE_ISO_CFG_V`).
    public var queueIsolation: UInt32?

    public init() {}
  }
}

extension DeviceFacts.HisiAcc: FactGroup {
  static let fields: [FactField<Self>] = [
    .integer("qp-num", \.queuePairCount),
    .integer("que-iso-cfg", \.queueIsolation, hexDigits: 1),
  ]
}
