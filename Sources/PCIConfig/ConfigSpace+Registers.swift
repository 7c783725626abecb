extension ConfigSpace {
  /// The registers of `capability`, behind its header; those that a truncated space cuts off are
  /// left out.
  public func registers(of capability: Capability) -> [RegisterValue] {
    guard let table = CapabilityFormat.format(for: capability.id) else { return [] }
    let view = CapabilityView(self, at: capability.offset)
    let registers = table.registers + (table.variableRegisters?(view) ?? [])
    return values(of: registers, view, within: capability.range)
  }

  /// The registers of the header, by its type; none if the type is unknown.
  public var headerRegisters: [RegisterValue] {
    let registers =
      switch headerType {
      case 0: HeaderTable.common + HeaderTable.endpoint
      case 1: HeaderTable.common + HeaderTable.bridge
      default: HeaderTable.common
      }
    return values(of: registers, CapabilityView(self, at: 0), within: 0..<64)
  }

  /// The value of the register `name` of `capability`, if its table has one and the bytes are
  /// there.
  public func register(_ name: String, of capability: Capability) -> RegisterValue? {
    registers(of: capability).first { $0.name == name }
  }

  /// What tells `capability` from others with the same id, such as a vendor's name for it; nil if
  /// its table has nothing of the kind, or the bytes are not there.
  public func detail(of capability: Capability) -> String? {
    CapabilityFormat.format(for: capability.id)?.detail.flatMap {
      settled(at: capability.offset, $0)
    }
  }

  private func values(
    of registers: [Register], _ view: CapabilityView, within range: Range<Int>
  ) -> [RegisterValue] {
    registers.compactMap { register in
      let offset = view.offset &+ register.offset
      guard register.isPresent?(view) ?? true, offset >= range.lowerBound,
        offset &+ register.byteCount <= range.upperBound,
        let value = load(offset, byteCount: register.byteCount)
      else { return nil }
      return RegisterValue(register: register, offset: offset, value: value)
    }
  }
}
