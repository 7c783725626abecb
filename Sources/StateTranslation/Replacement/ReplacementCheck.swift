import ByteIO
public import MigrationStream
public import StateLayout

/// Whether the state of a device may stand in place of another's, by what is known of both.
///
/// The state that was there tells what its device was: the new one must fit that device as it would
/// have to fit a target of a translation that has nothing to rewrite.
public struct ReplacementCheck: Sendable, Hashable {
  /// What is held against each other.
  public enum Property: String, Sendable, Hashable {
    case driver, ids, layout, soundness
    /// What the state that was there tells of its device.
    case facts = "facts of the device"
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
  public struct Side<State: StateSource> {
    /// The kernel driver that handed the state out; nil if nothing says it.
    public let driver: String?
    /// The ids of the function; nil if nothing says them.
    public let ids: DeviceIdentity.PCIIdentity?
    /// The state; nil if only its first bytes are at hand.
    public let state: State?
    /// What the state is; nil if nothing tells.
    public let preview: StatePreview?
    /// The bytes of the state.
    public let byteCount: UInt64

    /// A state of a device.
    public init(
      driver: String? = nil, ids: DeviceIdentity.PCIIdentity? = nil, state: State
    ) {
      self.driver = driver
      self.ids = ids
      self.state = state
      preview = StatePreview(state, driver: driver)
      byteCount = state.byteCount
    }

    fileprivate init(
      ids: DeviceIdentity.PCIIdentity?, state: State?, preview: StatePreview?, byteCount: UInt64
    ) {
      driver = nil
      self.ids = ids
      self.state = state
      self.preview = preview
      self.byteCount = byteCount
    }

    fileprivate var isEmpty: Bool { byteCount == 0 }

    /// The layout of the state, unless that is a guess.
    fileprivate var layout: Layout? {
      preview.flatMap { $0.isGuess ? nil : $0.layout }
    }
  }

  /// Every reason against it.
  public private(set) var reasons: [Reason] = []
  /// What is not known of one of the two.
  public private(set) var unchecked: [Property] = []
  /// The facts of the device that the state that was there does not tell.
  public private(set) var unknownFacts: [String] = []

  /// Holds `new`, which is to stand in place of `own`, against it.
  ///
  /// Throws what `new` does; an `own` state that cannot be read tells nothing.
  public init<New: StateSource, Own: StateSource>(
    of new: Side<New>, inPlaceOf own: Side<Own>
  ) throws(New.Failure) {
    checkDriver(own, new)
    compare(.ids, own.ids.map(Self.text), new.ids.map(Self.text))
    checkLayout(own, new)
    checkSoundness(new.preview)
    try checkFacts(own, new)
    if own.preview?.isSound == false { unchecked.append(.ownSoundness) }
  }

  /// What is not known of the states themselves, apart from what says which device they are of.
  public var uncheckedOfState: [String] {
    unchecked.filter { ![.driver, .ids].contains($0) }.map(\.rawValue) + unknownFacts
  }

  private mutating func compare(_ property: Property, _ own: String?, _ new: String?) {
    guard let own, let new else { return unchecked.append(property) }
    if own != new { reasons.append(Reason(property: property, wanted: own, found: new)) }
  }

  /// A driver that is not known may be told from a layout that is.
  private mutating func checkDriver<New, Own>(_ own: Side<Own>, _ new: Side<New>) {
    guard own.driver == nil, let layout = own.layout, let driver = new.driver else {
      return compare(.driver, own.driver, new.driver)
    }
    guard !layout.isOf(driver: driver) else { return }
    reasons.append(
      Reason(
        property: .driver, wanted: layout.drivers.joined(separator: " or "), found: driver))
  }

  /// What is a guess on both sides is held against nothing; what is known on one side alone cannot
  /// be told to be the same.
  private mutating func checkLayout<New, Own>(_ own: Side<Own>, _ new: Side<New>) {
    let isSame = own.layout?.name == new.layout?.name
    if own.isEmpty == new.isEmpty, isSame || isGuessed(own, new) {
      if own.layout == nil || !isSame { unchecked.append(.layout) }
      return
    }
    reasons.append(Reason(property: .layout, wanted: Self.kind(own), found: Self.kind(new)))
  }

  /// Whether a guess is all that keeps the layouts of both from being the same.
  private func isGuessed<New, Own>(_ own: Side<Own>, _ new: Side<New>) -> Bool {
    own.preview?.layout.name == new.preview?.layout.name
      && (own.layout == nil || new.layout == nil)
  }

  private static func kind<State>(_ side: Side<State>) -> String {
    if side.isEmpty { return "no state" }
    return side.layout?.name ?? "state of a layout that is not known"
  }

  private mutating func checkSoundness(_ new: StatePreview?) {
    guard let new, let isSound = new.isSound else { return unchecked.append(.soundness) }
    guard !isSound else { return }
    reasons.append(
      Reason(
        property: .soundness, wanted: "sound \(new.layout.name)", found: new.problemText))
  }

  private mutating func checkFacts<New, Own>(
    _ own: Side<Own>, _ new: Side<New>
  ) throws(New.Failure) {
    guard let layout = own.layout, layout.name == new.layout?.name, let state = new.state,
      new.preview?.isSound != false
    else { return }
    guard let tree = own.state.flatMap({ try? layout.dissect($0) }), tree.isSound else {
      return unchecked.append(.facts)
    }
    var translator = Translator(for: DeviceFacts(of: tree))
    translator.target.pci = translator.target.pci ?? own.ids.map(Self.facts)
    translator.source.pci = new.ids.map(Self.facts)
    let report = try translator.translate(state, from: layout, to: layout).report
    for refusal in report.refusals where refusal.missing == nil {
      add(refusal.field, wanted: refusal.needed, found: refusal.found)
    }
    // What the driver would have to be given another value of.
    for rewrite in report.rewrites where rewrite.rule.isRequired {
      add(rewrite.field, wanted: rewrite.new, found: rewrite.old)
    }
    let unknown = Set(report.unchecked.map(\.fact) + report.refusals.compactMap(\.missing))
    // Ids that are not known are a property of their own.
    unknownFacts = unknown.filter { !$0.hasPrefix("pci") }.sorted()
  }

  private mutating func add(_ field: String, wanted: String, found: String) {
    let place = field.isEmpty ? "" : "\(field): "
    reasons.append(Reason(property: .facts, wanted: wanted, found: place + found))
  }

  private static func facts(_ ids: DeviceIdentity.PCIIdentity) -> DeviceFacts.PCI {
    DeviceFacts.PCI(
      vendorID: ids.vendorID, deviceID: ids.deviceID, revisionID: ids.revisionID)
  }

  private static func text(_ ids: DeviceIdentity.PCIIdentity) -> String {
    "\(hex(ids.vendorID, digits: 4)):\(hex(ids.deviceID, digits: 4))"
  }
}

extension ReplacementCheck.Side where State == StateBytes {
  /// A state of which the first `bytes` are at hand, if not all of its `byteCount`.
  public init(
    ids: DeviceIdentity.PCIIdentity? = nil, prefix bytes: [UInt8], byteCount: UInt64
  ) {
    self.init(
      ids: ids, state: UInt64(bytes.count) == byteCount ? StateBytes(bytes) : nil,
      preview: StatePreview(prefix: bytes, byteCount: byteCount, driver: nil),
      byteCount: byteCount)
  }
}
