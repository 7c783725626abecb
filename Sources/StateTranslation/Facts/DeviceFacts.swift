/// The known facts of a device that takes a state, or that a state was taken from.
///
/// Every fact is optional. If a translation needs one that is missing, it skips the checks that
/// depend on it, and its report says so.
public struct DeviceFacts: Sendable, Hashable {
  /// The kernel driver.
  public var driver: String?
  /// The layouts of state that the driver takes, by their names; a driver's generation shows in
  /// them.
  public var layouts: [String]?
  /// The PCI identity, below the key `pci`.
  public var pci: PCI?
  /// The version of the device's firmware, as its vendor writes it.
  public var firmware: String?
  /// The number of MSI-X vectors.
  public var msixVectorCount: Int?
  /// The facts of families, by their types.
  private var families: [ObjectIdentifier: FamilyFacts] = [:]

  /// Facts of which none is known.
  public init() {}

  /// The facts of one family, if any are known. Each family has a property of its own over this.
  subscript<Facts: FactGroup>(_ family: Facts.Type) -> Facts? {
    get { families[ObjectIdentifier(family)]?.facts as? Facts }
    set { families[ObjectIdentifier(family)] = newValue.map { FamilyFacts(facts: $0) } }
  }

  /// The identity in a function's configuration space.
  public struct PCI: Sendable, Hashable {
    /// The vendor id, at offset 0.
    public var vendorID: UInt16?
    /// The device id, at offset 2.
    public var deviceID: UInt16?
    /// The revision, at offset 8.
    public var revisionID: UInt8?

    /// The parts of the identity that are known.
    public init(vendorID: UInt16? = nil, deviceID: UInt16? = nil, revisionID: UInt8? = nil) {
      self.vendorID = vendorID
      self.deviceID = deviceID
      self.revisionID = revisionID
    }
  }
}

/// The facts of some family.
private struct FamilyFacts: Sendable, Hashable {
  let facts: any FactGroup

  static func == (left: FamilyFacts, right: FamilyFacts) -> Bool {
    left.facts.isEqual(to: right.facts)
  }

  func hash(into hasher: inout Hasher) { facts.hash(into: &hasher) }
}

extension FactGroup {
  fileprivate func isEqual(to other: any FactGroup) -> Bool { other as? Self == self }
}

extension DeviceFacts.PCI: FactGroup {
  public init() { self.init(vendorID: nil) }

  static let fields: [FactField<Self>] = [
    .integer("vendor", \.vendorID, hexDigits: 4),
    .integer("device", \.deviceID, hexDigits: 4),
    .integer("revision", \.revisionID, hexDigits: 2),
  ]
}
