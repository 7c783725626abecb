import ByteIO
public import PCIConfig

/// A message of QEMU's load check in words: which register, both values, why QEMU minds, and what
/// helps.
public struct RefusalExplanation: Sendable {
  /// How the register was told.
  public enum Evidence: String, Sendable, Hashable, CaseIterable {
    /// By a space of the device.
    case space
    /// By the header, which every function has.
    case header
    /// By the masks, which no other register of QEMU's has.
    case masks
    /// Not at all.
    case none
  }

  /// A field with its values on both sides.
  public struct Field: Sendable, Hashable {
    /// The field's name, such as `PresDet`.
    public let name: String
    /// The value in the stream.
    public let stream: String
    /// The value of the destination.
    public let destination: String
  }

  /// The message.
  public let refusal: QEMURefusal
  /// How the function comes into the machine; nil if the log does not say.
  public let function: QEMUFunction?
  /// How the register was told.
  public let evidence: Evidence
  /// What the byte belongs to; nil without evidence.
  public let place: ConfigPlace?
  /// The whole register in the stream, as far as it is known, and at the destination.
  public private(set) var values: (stream: UInt64, destination: UInt64)?
  /// The fields whose values differ.
  public private(set) var fields: [Field] = []
  /// Why QEMU refuses it, in sentences.
  public private(set) var meaning: [String] = []
  /// What helps, in sentences.
  public let waysOut: [String]
  /// What cannot be told, with what would tell it.
  public private(set) var unknowns: [String] = []

  /// Explains a message.
  ///
  /// - Parameters:
  ///   - refusal: the message.
  ///   - local: the destination's space, by which the register is told.
  ///   - remote: the source's, which has the bytes around.
  public init(_ refusal: QEMURefusal, local: ConfigSpace? = nil, remote: ConfigSpace? = nil) {
    self.refusal = refusal
    function = Self.function(of: refusal, local ?? remote)
    var evidence = Evidence.none
    var space: ConfigSpace?
    var place: ConfigPlace?
    for known in [local, remote].compactMap(\.self) where place == nil {
      place = ConfigPlaces(known).known(refusal.offset)
      if place != nil { (space, evidence) = (known, .space) }
    }
    if place == nil, refusal.offset < 64 {
      let header = Self.header(of: refusal)
      place = header.flatMap { ConfigPlaces($0).known(refusal.offset) }
      if place != nil { (space, evidence) = (header, .header) }
    }
    if place == nil, local == nil, remote == nil, let slot = Self.slot(of: refusal) {
      place = ConfigPlaces(slot).known(refusal.offset)
      (space, evidence) = (slot, .masks)
    }
    self.evidence = evidence
    self.place = place
    waysOut = QEMUWaysOut(place, at: refusal.offset, of: function).sentences
    if let space, let register = place?.register {
      compare(register, in: space, remote ?? space, isWhole: evidence == .space)
    }
    explain()
    if let local { check(local, isLocal: true) }
    if let remote { check(remote, isLocal: false) }
    addUnknowns(hasLocal: local != nil, hasRemote: remote != nil)
  }

  // MARK: What it is

  private static func function(
    of refusal: QEMURefusal, _ space: ConfigSpace?
  ) -> QEMUFunction? {
    if let section = refusal.section {
      return section == "vfio" || section.hasSuffix("/vfio") ? .assigned : .emulated
    }
    // Of a host's device, only Status has bits to clear.
    if refusal.w1cmask != 0, refusal.offset >= 64 { return .emulated }
    return space.flatMap { QEMUFunction(likelyOf: $0) }
  }

  /// A header of the type that the section's name points to; nil if both types differ at the
  /// byte and nothing points to one.
  private static func header(of refusal: QEMURefusal) -> ConfigSpace? {
    let name = refusal.section ?? ""
    let isBridge = ["port", "bridge", "ioh3420", "x3130"].contains { name.contains($0) }
    let isEither =
      refusal.offset < 0x18 || (0x34..<0x38).contains(refusal.offset)
      || (0x3c..<0x3e).contains(refusal.offset)
    guard isBridge || isEither || refusal.section != nil else { return nil }
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes[0x0e] = isBridge ? 1 : 0
    return try? ConfigSpace(bytes)
  }

  /// A port whose Slot Status lies at the byte: only that register has these bits to clear.
  private static func slot(of refusal: QEMURefusal) -> ConfigSpace? {
    let start = refusal.offset - 0x1a
    guard refusal.w1cmask == 0x19, (0x40..<0xc4).contains(start) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 256)
    bytes[0x06] = 0x10
    bytes[0x0e] = 1
    bytes[0x34] = UInt8(start)
    bytes[start] = 0x10
    bytes[start + 2] = 0x42
    bytes[start + 3] = 0x01
    return try? ConfigSpace(bytes)
  }

  /// Both values of the register, and the fields that differ.
  private mutating func compare(
    _ register: RegisterValue, in own: ConfigSpace, _ other: ConfigSpace, isWhole: Bool
  ) {
    let first = 8 * (refusal.offset - register.offset)
    func value(_ space: ConfigSpace?, _ byte: UInt8) -> UInt64 {
      let rest = space?.load(register.offset, byteCount: register.register.byteCount) ?? 0
      return rest & ~(0xff << UInt64(first)) | UInt64(byte) << UInt64(first)
    }
    // Of a BAR, the destination has its kind alone when it compares.
    let isBAR = (0x10..<0x28).contains(register.offset) && register.name.hasPrefix("BAR")
    let stream = value(other, refusal.read)
    let destination = value(isBAR ? nil : own, refusal.device)
    if isWhole { values = (stream, destination) }
    for field in register.register.fields {
      let bits = field.bits
      guard isWhole || (bits.lowerBound >= first && bits.upperBound < first + 8) else { continue }
      let mask = UInt64.max >> UInt64(64 - bits.count)
      let (mine, theirs) = (
        stream >> UInt64(bits.lowerBound) & mask, destination >> UInt64(bits.lowerBound) & mask
      )
      guard mine != theirs else { continue }
      fields.append(
        Field(
          name: field.name, stream: field.meaning.text(mine, bitCount: bits.count),
          destination: field.meaning.text(theirs, bitCount: bits.count)))
    }
  }

  // MARK: Why

  private mutating func explain() {
    if refusal.differing == 0 {
      meaning.append(
        "the message contradicts itself: in the compared bits both bytes are the same")
    }
    meaning.append(
      "QEMU compares what the guest was shown at the source with what the device of the destination "
        + "shows, in the bits of cmask that a guest neither writes (wmask) nor clears (w1cmask): a "
        + "guest that found one value must not find another")
    if place?.register?.name == "SltSta", refusal.differing & 0x40 != 0 {
      let (taken, empty) =
        refusal.device & 0x40 != 0
        ? ("destination", "source") : ("source", "destination")
      meaning.append(
        "Presence Detect State says whether the slot is taken: it is at the \(taken), and not at the "
          + "\(empty)")
    }
    if (0x10..<0x28).contains(refusal.offset), refusal.wmask != 0 { explainBAR() }
    if refusal.offset == 0x34 {
      meaning.append(
        "the list of capabilities begins at 0x\(hex(refusal.read, digits: 2)) in the stream and at "
          + "0x\(hex(refusal.device, digits: 2)) at the destination: one side has a capability that "
          + "the other has not, or has it elsewhere")
    } else if let place, let capability = place.capability {
      let isNext = capability.isExtended ? (2...3).contains(place.distance) : place.distance == 1
      let isID = place.distance == 0
      if isNext && place.register == nil {
        meaning.append(
          "the byte is in the pointer to the next capability: behind \(place.owner) the lists differ"
        )
      } else if isID && place.register == nil {
        meaning.append("the byte is the capability's id: the sides have different ones there")
      }
    }
  }

  /// The bits that a guest writes tell the BAR's size.
  private mutating func explainBAR() {
    let place = UInt64(refusal.offset & 3)
    let size = UInt64(1) << (UInt64(refusal.wmask.trailingZeroBitCount) + 8 * place)
    let address = UInt64(refusal.differing) << (8 * place)
    let isExact = refusal.wmask != 0xff || place == 0
    guard isExact, address < size, address & ~0xf != 0 || refusal.device & 1 != 0 else { return }
    meaning.append(
      "the BAR has \(size.sizeText) at the destination, by wmask, and the guest's address is no "
        + "multiple of that: the BAR is smaller at the source")
  }

  // MARK: What is not known

  /// Holds a space against the message, which is right about the byte.
  private mutating func check(_ space: ConfigSpace, isLocal: Bool) {
    let name = isLocal ? "local" : "remote"
    guard refusal.offset < space.byteCount else {
      return unknowns.append(
        "the \(name) space has \(space.byteCount) bytes and ends before 0x\(hex(refusal.offset))")
    }
    let list = space.capabilityList
    let shadow = QEMUShadow(
      space, list, isPhysical: function == .assigned && QEMUVisibility.isPhysical(list),
      as: function ?? .emulated, QEMULoadConditions(), barSizes: [:])
    let expected = isLocal ? refusal.device : refusal.read
    let isGuests = isLocal ? refusal.wmask | refusal.w1cmask : 0
    let bytes = isLocal || shadow.wasPhysical ? shadow.bytes : space.bytes
    let found = bytes[refusal.offset]
    if (found ^ expected) & ~isGuests != 0 {
      unknowns.append(
        "the \(name) space has \(hex(found, digits: 2)) at 0x\(hex(refusal.offset)), and the message "
          + "\(hex(expected, digits: 2)): it is another device's, or of another time")
    }
  }

  private mutating func addUnknowns(hasLocal: Bool, hasRemote: Bool) {
    if place == nil, !hasLocal, !hasRemote {
      unknowns.append(
        refusal.offset < 64
          ? "whether the function is an endpoint or a bridge, which differ at "
            + "0x\(hex(refusal.offset)): give the destination's space with --local"
          : "which capability lies at 0x\(hex(refusal.offset)): every device has its own list from 0x40 "
            + "on; give the destination's space with --local")
    } else if place == nil {
      unknowns.append(
        "which register it is: no capability of the space reaches to 0x\(hex(refusal.offset))")
    } else if evidence == .masks {
      unknowns.append(
        "whether it is that register for certain, and the rest of it: give the destination's space "
          + "with --local")
    }
    if refusal.section == nil, function == nil {
      unknowns.append(
        "which device it is: the log has no 'error while loading state … of device' behind the message"
      )
    }
    if evidence == .space, !hasRemote, (place?.register?.register.byteCount ?? 1) > 1 {
      unknowns.append(
        "the other bytes of the register in the stream, which are taken to be the destination's; "
          + "give the source's space with --remote")
    }
  }
}
