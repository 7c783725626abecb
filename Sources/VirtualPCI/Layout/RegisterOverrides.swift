import ByteIO

/// Applies a profile's `registers` to the registers of its capabilities and its header.
struct RegisterOverrides {
  private(set) var registers: [PlacedRegister]
  private(set) var problems: [ProfileProblem] = []
  private let capabilities: [PlacedCapability]
  private let byteCount: Int
  /// The register that has a byte, by offset; -1 for none.
  private var owners: [Int]

  init(_ registers: [PlacedRegister], _ capabilities: [PlacedCapability], byteCount: Int) {
    self.registers = registers
    self.capabilities = capabilities
    self.byteCount = byteCount
    owners = Array(repeating: -1, count: byteCount)
    for (index, register) in registers.enumerated() {
      for byte in register.range where byte < byteCount { owners[byte] = index }
    }
  }

  mutating func apply(_ override: ProfileRegister) {
    guard let bytes = bytes(of: override) else { return }
    for byte in bytes where owners[byte] < 0 { addFreeRegister(at: byte) }
    var done: Set<Int> = []
    for byte in bytes {
      let index = owners[byte]
      guard done.insert(index).inserted else { continue }
      guard !registers[index].isFixed else {
        problems.append(
          ProfileProblem(
            "\(override.name): \(registers[index].name) at "
              + "0x\(hex(registers[index].offset, digits: 2)) cannot be overridden",
            at: override.mark, breaks: .chain))
        return
      }
      apply(override, to: index)
    }
  }

  /// The bytes that the override names, or nil and a problem.
  private mutating func bytes(of override: ProfileRegister) -> [Int]? {
    let extra =
      (override.reset ?? 0) | (override.writable ?? 0) | override.clearable
      | (override.required ?? 0)
    func report(_ message: String) {
      problems.append(
        ProfileProblem("\(override.name): \(message)", at: override.mark, breaks: .registerBits))
    }
    guard override.bits != 0 else {
      report("expected at least one bit")
      return nil
    }
    guard extra & ~override.bits == 0 else {
      report(
        "expected values within the bits 0x\(hex(override.bits)), found "
          + "0x\(hex(extra & ~override.bits)) outside")
      return nil
    }
    let last = (31 - override.bits.leadingZeroBitCount) / 8
    guard override.offset >= 0, override.offset + last < byteCount else {
      report("expected bytes below 0x\(hex(byteCount)), found 0x\(hex(override.offset))")
      return nil
    }
    return (0...last).filter { PlacedRegister.byte($0, of: override.bits) != 0 }
      .map { override.offset + $0 }
  }

  private mutating func addFreeRegister(at byte: Int) {
    owners[byte] = registers.count
    let owner: PlacedRegister.Owner =
      capabilities.firstIndex { $0.range.contains(byte) }.map { .capability($0) } ?? .free
    registers.append(
      PlacedRegister(
        offset: byte, byteCount: 1, name: "byte 0x\(hex(byte, digits: 2))", owner: owner, reset: 0,
        parts: [], hardwareClear: 0, isFixed: false, source: Citation("the profile")))
  }

  private mutating func apply(_ override: ProfileRegister, to index: Int) {
    let register = registers[index]
    let shift = (override.offset - register.offset) * 8
    func local(_ value: UInt32) -> UInt32 {
      let moved = shift >= 0 ? UInt64(value) << UInt64(shift) : UInt64(value) >> UInt64(-shift)
      return UInt32(truncatingIfNeeded: moved) & register.mask
    }
    let bits = local(override.bits)
    for part in registers[index].parts.indices { registers[index].parts[part].bits &= ~bits }
    registers[index].parts.removeAll { $0.bits == 0 }
    if let reset = override.reset {
      registers[index].reset = register.reset & ~bits | local(reset)
    }
    let clearable = local(override.clearable)
    if override.source == .device { registers[index].hardwareClear |= clearable }
    let writable = override.writable.map(local) ?? (bits & ~clearable)
    let counterpart = counterpart(override, register)
    func add(_ bits: UInt32, _ access: BitAccess) {
      guard bits != 0 else { return }
      registers[index].parts.append(
        PlacedBits(
          bits: bits, name: override.name, access: access, mergeRule: .fixed,
          consequence: "a guest would read what the profile does not say", effect: [],
          counterpart: access.needsDevice || override.required != nil ? counterpart : nil,
          required: override.required.map { local($0) & bits }, settlesAtReset: false,
          source: Citation("the profile")))
    }
    let rest = bits & ~(writable | clearable)
    switch override.source {
    case .constant: add(bits, .constant)
    case .emulated:
      add(writable, .emulated)
      add(clearable & ~writable, .clearable)
      add(rest, .constant)
    case .forwarded:
      add(writable, .forwarded)
      add(bits & ~writable, .constant)
    case .device:
      add(writable, .device)
      add(clearable & ~writable, .deviceClearable)
      add(rest, .deviceReadOnly)
    }
  }

  /// The device's register for the first byte of `register`.
  private func counterpart(
    _ override: ProfileRegister, _ register: PlacedRegister
  ) -> ProfileRegister.Counterpart {
    let distance = register.offset - override.offset
    switch override.physical {
    case .header(let offset): return .header(offset + distance)
    case .absolute(let offset): return .absolute(offset + distance)
    case .capability(let id, let instance, let offset):
      return .capability(id, instance: instance, offset: offset + distance)
    case nil: break
    }
    switch register.owner {
    case .header: return .header(register.offset)
    case .free: return .absolute(register.offset)
    case .capability(let index):
      let capability = capabilities[index]
      return .capability(
        capability.id, instance: capability.instance, offset: register.offset - capability.offset)
    }
  }
}
