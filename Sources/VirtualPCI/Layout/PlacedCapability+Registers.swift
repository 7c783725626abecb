import PCIConfig

extension PlacedCapability {
  /// The capability's registers with its header in front.
  func registers(ownedBy index: Int) -> [PlacedRegister] {
    let owner = PlacedRegister.Owner.capability(index)
    var placed = [header(owner)]
    for register in template.registers(content) {
      let counterpart = ProfileRegister.Counterpart.capability(
        id, instance: instance, offset: register.offset)
      var clear: UInt32 = 0
      let parts = register.rules.compactMap { rule -> PlacedBits? in
        guard rule.bits != 0 else { return nil }
        if rule.access == .clearable || rule.access == .deviceClearable { clear |= rule.bits }
        return PlacedBits(
          bits: rule.bits, name: rule.name, access: rule.access, agreement: rule.agreement,
          consequence: rule.consequence, effect: rule.effect,
          counterpart: rule.access.needsDevice || rule.agreement.isChecked ? counterpart : nil,
          required: nil, settlesAtReset: true, source: rule.source)
      }
      placed.append(
        PlacedRegister(
          offset: offset + register.offset, byteCount: register.byteCount, name: register.name,
          owner: owner, reset: template.value(of: register, in: content), parts: parts,
          hardwareClear: clear, isFixed: false, source: register.source))
    }
    return placed
  }

  private func header(_ owner: PlacedRegister.Owner) -> PlacedRegister {
    let value: UInt32
    let source: FactSource
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
      offset: offset, byteCount: template.headerByteCount, name: "capability header", owner: owner,
      reset: value, parts: [], hardwareClear: 0, isFixed: true, source: source)
  }
}
