/// What is known of a device that takes a state, or that a state was taken from.
///
/// Every fact is optional. A translation that needs one which is not given does not check what depends on it, and its report
/// says so.
public struct DeviceFacts: Sendable, Hashable {
  /// The kernel driver.
  public var driver: String?
  /// The layouts of state that the driver takes, by their names; a driver's generation shows in them.
  public var layouts: [String]?
  public var pci: PCI?
  /// The version of the device's firmware, as its vendor writes it.
  public var firmware: String?
  /// The number of MSI-X vectors.
  public var msixVectorCount: Int?

  public var hisiAcc: HiSilicon?
  public var igb: Igb?
  public var mtty: Serial?
  public var nvme: NVMe?
  public var qat: QAT?
  public var virtio: Virtio?
  public var xe: Xe?

  public init() {}

  /// The identity in a function's configuration space.
  public struct PCI: Sendable, Hashable {
    public var vendorID: UInt16?
    public var deviceID: UInt16?
    public var revisionID: UInt8?

    public init(vendorID: UInt16? = nil, deviceID: UInt16? = nil, revisionID: UInt8? = nil) {
      self.vendorID = vendorID
      self.deviceID = deviceID
      self.revisionID = revisionID
    }
  }
}

extension DeviceFacts: FactGroup {
  static let fields: [FactField<DeviceFacts>] = [
    .text("driver", \.driver),
    .texts("layouts", \.layouts),
    .group("pci", \.pci),
    .text("firmware", \.firmware),
    .integer("msix-vectors", \.msixVectorCount, in: 0...2048),
    .group("hisi_acc", \.hisiAcc),
    .group("igb", \.igb),
    .group("mtty", \.mtty),
    .group("nvme", \.nvme),
    .group("qat", \.qat),
    .group("virtio", \.virtio),
    .group("xe", \.xe),
  ]
}

extension DeviceFacts.PCI: FactGroup {
  public init() { self.init(vendorID: nil) }

  static let fields: [FactField<Self>] = [
    .integer("vendor", \.vendorID, hexDigits: 4),
    .integer("device", \.deviceID, hexDigits: 4),
    .integer("revision", \.revisionID, hexDigits: 2),
  ]
}
