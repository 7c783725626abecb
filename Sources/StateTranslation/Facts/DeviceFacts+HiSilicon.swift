extension DeviceFacts {
  /// A virtual function of a HiSilicon accelerator; the driver compares these, and never negotiates.
  public struct HiSilicon: Sendable, Hashable {
    /// The queue pairs that the function has.
    public var queuePairCount: UInt32?
    /// The physical function's queue isolation register (`QM_QUE_ISO_CFG_V`).
    public var queueIsolation: UInt32?

    public init() {}
  }
}

extension DeviceFacts.HiSilicon: FactGroup {
  static let fields: [FactField<Self>] = [
    .integer("qp-num", \.queuePairCount),
    .integer("que-iso-cfg", \.queueIsolation, hexDigits: 1),
  ]
}
