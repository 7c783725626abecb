import ByteIO
public import MigrationStream
public import StateLayout

/// Whether the state of a device may stand in place of another's, by what is known of both.
public struct ReplacementCheck: Sendable, Hashable {
  /// What is held against each other.
  public enum Property: String, Sendable, Hashable {
    case driver, ids, layout, soundness
    /// What was there is unsound itself, so that little is held against it.
    case ownSoundness = "soundness of what was there"
  }

  /// A property in which the two differ.
  public struct Reason: Sendable, Hashable {
    /// The property.
    public let property: Property
    /// What what was there has, or asks for.
    public let wanted: String
    /// What is to stand there.
    public let found: String
  }

  /// What is known of a state and its device.
  public struct Side: Sendable {
    /// The kernel driver that handed the state out; nil if nothing says it.
    public let driver: String?
    /// The ids of the function; nil if nothing says them.
    public let ids: DeviceIdentity.PCIIdentity?
    /// What the state is; nil if nothing tells.
    public let preview: StatePreview?

    /// A state of a device.
    public init(
      driver: String? = nil, ids: DeviceIdentity.PCIIdentity? = nil, preview: StatePreview?
    ) {
      self.driver = driver
      self.ids = ids
      self.preview = preview
    }
  }

  /// Every reason against it.
  public private(set) var reasons: [Reason] = []
  /// What is not known of one of the two.
  public private(set) var unchecked: [Property] = []

  /// Holds `new`, which is to stand in place of `own`, against it.
  public init(of new: Side, inPlaceOf own: Side) {
    checkDriver(own, new)
    compare(.ids, own.ids.map(Self.text), new.ids.map(Self.text))
    checkLayout(own.preview, new.preview)
    checkSoundness(new.preview)
    if own.preview?.isSound == false { unchecked.append(.ownSoundness) }
  }

  /// What is not known of the states themselves, apart from what says which device they are of.
  public var uncheckedOfState: [String] {
    unchecked.filter { [.layout, .soundness, .ownSoundness].contains($0) }.map(\.rawValue)
  }

  private mutating func compare(_ property: Property, _ own: String?, _ new: String?) {
    guard let own, let new else { return unchecked.append(property) }
    if own != new { reasons.append(Reason(property: property, wanted: own, found: new)) }
  }

  /// A driver that is not known may be told from a layout that is.
  private mutating func checkDriver(_ own: Side, _ new: Side) {
    let layout = own.preview.flatMap { $0.isGuess ? nil : $0.layout }
    guard own.driver == nil, let layout, let driver = new.driver else {
      return compare(.driver, own.driver, new.driver)
    }
    guard !layout.isOf(driver: driver) else { return }
    reasons.append(
      Reason(
        property: .driver, wanted: layout.drivers.joined(separator: " or "), found: driver))
  }

  private mutating func checkLayout(_ own: StatePreview?, _ new: StatePreview?) {
    // What is a guess is held against nothing.
    guard let own, !own.isGuess else { return unchecked.append(.layout) }
    guard let new, !new.isGuess else {
      reasons.append(
        Reason(property: .layout, wanted: own.layout.name, found: "none that is known"))
      return
    }
    compare(.layout, own.layout.name, new.layout.name)
  }

  private mutating func checkSoundness(_ new: StatePreview?) {
    guard let new, let isSound = new.isSound else { return unchecked.append(.soundness) }
    guard !isSound else { return }
    reasons.append(
      Reason(
        property: .soundness, wanted: "sound \(new.layout.name)", found: new.problemText))
  }

  private static func text(_ ids: DeviceIdentity.PCIIdentity) -> String {
    "\(hex(ids.vendorID, digits: 4)):\(hex(ids.deviceID, digits: 4))"
  }
}
