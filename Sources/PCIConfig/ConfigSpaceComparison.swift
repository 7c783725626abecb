import ByteIO

/// Compares two configuration spaces by capability and field, wherever each has them.
public struct ConfigSpaceComparison: Sendable {
  /// The header first, then capabilities in the first space's order, then what only the second has.
  public private(set) var differences: [ConfigSpaceDifference] = []
  private let first: ConfigSpace
  private let second: ConfigSpace

  /// Compares two spaces; the result does not depend on where capabilities lie.
  public init(_ first: ConfigSpace, _ second: ConfigSpace) {
    self.first = first
    self.second = second
    if first.byteCount != second.byteCount {
      add("space", "bytes", nil, "\(first.byteCount)", "\(second.byteCount)")
    }
    compare("header", first.headerRegisters, 0, second.headerRegisters, 0, 0..<64)
    let (a, b) = (first.capabilityList, second.capabilityList)
    compareCapabilities(a, b)
    compareRest(a, b)
  }

  /// Whether no difference was found.
  public var areEqual: Bool { differences.isEmpty }

  private mutating func add(
    _ capability: String, _ field: String, _ offset: Int?, _ first: String, _ second: String
  ) {
    differences.append(
      ConfigSpaceDifference(
        capability: capability, field: field, offset: offset, first: first, second: second))
  }

  private mutating func compareCapabilities(_ a: CapabilityList, _ b: CapabilityList) {
    var counts: [CapabilityID: Int] = [:]
    for capability in a.capabilities {
      let instance = counts[capability.id, default: 0]
      counts[capability.id] = instance + 1
      let others = b.all(capability.id)
      let name = "\(capability.id)" + (instance == 0 ? "" : "[\(instance)]")
      guard others.indices.contains(instance) else {
        add(name, "", capability.offset, "present", "absent")
        continue
      }
      compare(name, capability, others[instance])
    }
    for capability in b.capabilities {
      let instance = counts[capability.id, default: 0]
      guard instance < b.all(capability.id).count else { continue }
      counts[capability.id] = instance + 1
      let name = "\(capability.id)" + (instance == 0 ? "" : "[\(instance)]")
      add(name, "", nil, "absent", "present at 0x\(hex(b.all(capability.id)[instance].offset))")
    }
  }

  private mutating func compare(_ name: String, _ a: Capability, _ b: Capability) {
    if a.offset != b.offset {
      add(
        name, "offset", a.offset, "0x\(hex(a.offset, digits: 2))", "0x\(hex(b.offset, digits: 2))")
    }
    if a.next != b.next {
      add(name, "next", a.offset, "0x\(hex(a.next, digits: 2))", "0x\(hex(b.next, digits: 2))")
    }
    if a.version != b.version {
      let text = { (version: Int?) in version.map(String.init) ?? "none" }
      add(name, "version", a.offset, text(a.version), text(b.version))
    }
    if a.length != b.length { add(name, "length", a.offset, "\(a.length)", "\(b.length)") }
    let header = a.isExtended ? 4 : 2
    compare(
      name, first.registers(of: a), a.offset, second.registers(of: b), b.offset,
      header..<max(header, min(a.length, b.length)))
  }

  /// Compares registers by name, then the bytes of `range` that no register of both has.
  private mutating func compare(
    _ name: String, _ a: [RegisterValue], _ aStart: Int, _ b: [RegisterValue], _ bStart: Int,
    _ range: Range<Int>
  ) {
    var seen: Set<Int> = []
    var used: [String: Int] = [:]
    for register in a {
      // Registers of tables repeat names, as for the lanes of a link; they pair up in order.
      let number = used[register.name, default: 0]
      used[register.name] = number + 1
      let others = b.filter { $0.name == register.name }
      guard others.indices.contains(number) else { continue }
      let other = others[number]
      for byte in register.range { seen.insert(byte - aStart) }
      guard register.value != other.value else { continue }
      compare(name, register, other)
    }
    for byte in range where !seen.contains(byte) {
      let (x, y) = (first.u8(at: aStart + byte), second.u8(at: bStart + byte))
      if x != y {
        add(
          name, "byte +0x\(hex(byte, digits: 2))", aStart + byte,
          x.map { hex($0, digits: 2) } ?? "unknown",
          y.map { hex($0, digits: 2) } ?? "unknown")
      }
    }
  }

  private mutating func compare(_ name: String, _ a: RegisterValue, _ b: RegisterValue) {
    var explained: UInt64 = 0
    var found = false
    for (x, y) in zip(a.fields, b.fields) where x.name == y.name {
      let bits = x.field.bits
      explained |=
        (bits.count >= 64 ? .max : (1 << UInt64(bits.count)) - 1) << UInt64(bits.lowerBound)
      guard x.value != y.value else { continue }
      found = true
      add(name, "\(a.name) \(x.name)", a.offset, x.text, y.text)
    }
    if !found || (a.value ^ b.value) & ~explained != 0 {
      let digits = a.register.byteCount * 2
      add(
        name, a.name, a.offset, "0x\(hex(a.value, digits: digits))",
        "0x\(hex(b.value, digits: digits))")
    }
  }

  /// Bytes behind the header that no capability of either space has.
  private mutating func compareRest(_ a: CapabilityList, _ b: CapabilityList) {
    let owned = (a.capabilities + b.capabilities).map(\.range)
    let end = min(first.byteCount, second.byteCount)
    guard end > 64 else { return }
    let areKnown = first.unknownRanges.isEmpty && second.unknownRanges.isEmpty
    var start: Int?
    for byte in 64...end {
      let differs =
        byte < end && !(areKnown && first.bytes[byte] == second.bytes[byte])
        && first.u8(at: byte) != second.u8(at: byte)
        && !owned.contains { $0.contains(byte) }
      if differs {
        start = start ?? byte
      } else if let from = start {
        add(
          "space", "bytes of no capability", from, text(first, from..<byte),
          text(second, from..<byte))
        start = nil
      }
    }
  }

  private func text(_ space: ConfigSpace, _ range: Range<Int>) -> String {
    let bytes = range.prefix(16).map { space.u8(at: $0).map { hex($0, digits: 2) } ?? "??" }
    return bytes.joined(separator: " ") + (range.count > 16 ? " …" : "")
  }
}

/// One thing in which two configuration spaces differ.
public struct ConfigSpaceDifference: Sendable, Hashable {
  /// The capability by its name, `header`, or `space` for bytes that belong to nothing.
  public let capability: String
  /// The field, register or property that differs; empty for a capability as a whole.
  public let field: String
  /// Where it lies in the first space; absent if the first has none.
  public let offset: Int?
  /// What the first space has.
  public let first: String
  /// What the second space has.
  public let second: String
}

extension ConfigSpaceDifference: CustomStringConvertible {
  public var description: String {
    let place = offset.map { "0x\(hex($0, digits: 2)) " } ?? ""
    return "\(place)\(capability)\(field.isEmpty ? "" : ", \(field)"): \(first) | \(second)"
  }
}
