public import PCIConfig

/// A capability at its place in the space that the guest sees.
public struct PlacedCapability: Sendable {
  /// The capability as the profile has it.
  public let capability: ProfileCapability
  /// The place of its header in the space.
  public let offset: Int
  /// How many capabilities with the same id come before it in the profile; pairs it with the
  /// device's.
  public let instance: Int
  /// The offset of the next one in its chain; 0 ends it.
  public internal(set) var next: Int

  /// The capability's number.
  public var id: CapabilityID { capability.id }
  /// The rules by which its registers are shown.
  public var policy: CapabilityPolicy { capability.policy }
  /// Its settings.
  public var content: CapabilityContent { capability.content }
  /// The bytes of the capability in the space.
  public var range: Range<Int> { offset..<offset + capability.byteCount }

  /// The profile's name for it, with a number if there are several.
  public var label: String { policy.key + (instance == 0 ? "" : "[\(instance)]") }

  /// The value at reset of the policy's register `name`; 0 if it has none.
  public func value(_ name: String) -> UInt32 {
    guard let register = policy.registers(content).first(where: { $0.name == name }) else {
      return 0
    }
    return policy.value(of: register, in: content)
  }
}

extension PlacedCapability {
  /// The capability's registers with its header in front.
  func registers(ownedBy index: Int) -> [PlacedRegister] {
    let owner = PlacedRegister.Owner.capability(index)
    var placed = [header(owner)]
    for register in policy.registers(content) {
      let counterpart = ProfileRegister.Counterpart.capability(
        id, instance: instance, offset: register.offset)
      var clear: UInt32 = 0
      let parts = register.rules.compactMap { rule -> PlacedBits? in
        guard rule.bits != 0 else { return nil }
        if rule.access == .clearable || rule.access == .deviceClearable { clear |= rule.bits }
        return PlacedBits(
          bits: rule.bits, name: rule.name, access: rule.access, mergeRule: rule.mergeRule,
          consequence: rule.consequence, effect: rule.effect,
          counterpart: rule.access.needsDevice || rule.mergeRule.isChecked ? counterpart : nil,
          required: nil, settlesAtReset: true, source: rule.source)
      }
      placed.append(
        PlacedRegister(
          offset: offset + register.offset, byteCount: register.byteCount, name: register.name,
          owner: owner, reset: policy.value(of: register, in: content), parts: parts,
          hardwareClear: clear, isFixed: false, source: register.source))
    }
    return placed
  }

  private func header(_ owner: PlacedRegister.Owner) -> PlacedRegister {
    let value: UInt32
    let source: Citation
    if id.isExtended {
      value =
        UInt32(id.rawValue) | UInt32(truncatingIfNeeded: content.version & 0xf) << 16
        | UInt32(truncatingIfNeeded: next) << 20
      source = .vfio("the first dword of extended capabilities is virtual")
    } else {
      value = UInt32(id.rawValue) | UInt32(truncatingIfNeeded: next) << 8
      source = .vfio("next pointers are virtual")
    }
    return PlacedRegister(
      offset: offset, byteCount: policy.headerByteCount, name: "capability header", owner: owner,
      reset: value, parts: [], hardwareClear: 0, isFixed: true, source: source)
  }
}

/// Some bits of a laid-out register that are treated alike.
public struct PlacedBits: Sendable {
  /// Within the register.
  public internal(set) var bits: UInt32
  /// The name of the bits.
  public let name: String
  /// The effect of a guest's reads and writes.
  public let access: BitAccess
  /// The way in which values of several devices become one.
  public let mergeRule: MergeRule
  /// The harm to a guest whose device has less than the profile promises.
  public let consequence: String
  /// The events that a write of the bits causes.
  public let effect: ConfigWriteEffects
  /// The device's register that serves the bits, by its first byte; nil if none does.
  public let counterpart: ProfileRegister.Counterpart?
  /// What the device must have in these bits, in place.
  public let required: UInt32?
  /// Whether a reset brings the device's bits to the profile's value, so that a dump of a device in
  /// use may differ.
  public let settlesAtReset: Bool
  /// The place where the rule can be looked up.
  public let source: Citation
}

/// A register at its place in the space that the guest sees.
public struct PlacedRegister: Sendable {
  /// Which part of the space a register belongs to.
  public enum Owner: Sendable, Hashable {
    case header
    /// A capability, by its index in ``ProfileLayout/capabilities``.
    case capability(Int)
    /// Bytes that no capability has.
    case free
  }

  /// The place of the register in the space.
  public let offset: Int
  /// The width of the register: 1, 2 or 4 bytes.
  public let byteCount: Int
  /// The register's name.
  public let name: String
  /// The structure that the register belongs to.
  public let owner: Owner
  /// The value that a guest reads after a reset.
  public internal(set) var reset: UInt32
  /// Disjoint; bits that no part has are constant.
  public internal(set) var parts: [PlacedBits]
  /// The device's bits that a 1 clears, which a write to their neighbours must not touch.
  public internal(set) var hardwareClear: UInt32
  /// Whether the layout needs it as it is: ids, next pointers, base addresses.
  public let isFixed: Bool
  /// Who says that the bits without a part are constant.
  public let source: Citation

  /// The bytes of the register in the space.
  public var range: Range<Int> { offset..<offset + byteCount }

  var mask: UInt32 { byteCount == 4 ? .max : (1 << UInt32(byteCount * 8)) - 1 }

  /// The byte `index` of `value`.
  static func byte(_ index: Int, of value: UInt32) -> UInt8 {
    UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
  }
}
