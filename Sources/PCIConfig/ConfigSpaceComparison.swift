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
      let shorter = first.byteCount < second.byteCount ? first : second
      add(
        "space", "bytes", nil, "\(first.byteCount)", "\(second.byteCount)",
        shorter.isWhole ? .different : .unknown)
    }
    compare("header", first.headerRegisters, 0, second.headerRegisters, 0, 0..<64)
    let (a, b) = (first.capabilityList, second.capabilityList)
    compareCapabilities(a, b)
    compareRest(a, b)
    compareFindings(a, b)
  }

  /// What the comparison says.
  public enum Verdict: String, Sendable, Hashable {
    /// The spaces are the same.
    case equal
    /// They are not.
    case different
    /// What both dumps hold is the same, but one of them lacks bytes.
    case unknown
  }

  /// What the comparison says; findings do not count.
  public var verdict: Verdict {
    if differences.contains(where: { $0.verdict == .different }) { return .different }
    return differences.contains { $0.verdict == .unknown } ? .unknown : .equal
  }

  /// Whether the spaces are known to be the same.
  public var areEqual: Bool { verdict == .equal }

  private mutating func add(
    _ capability: String, _ field: String, _ offset: Int?, _ first: String, _ second: String,
    _ verdict: ConfigSpaceDifference.Verdict = .different
  ) {
    differences.append(
      ConfigSpaceDifference(
        capability: capability, field: field, offset: offset, first: first, second: second,
        verdict: verdict))
  }

  private mutating func compareCapabilities(_ a: CapabilityList, _ b: CapabilityList) {
    var counts: [CapabilityID: Int] = [:]
    for capability in a.capabilities {
      let instance = counts[capability.id, default: 0]
      counts[capability.id] = instance + 1
      let others = b.all(capability.id)
      let name = "\(capability.id)" + (instance == 0 ? "" : "[\(instance)]")
      guard others.indices.contains(instance) else {
        let (text, verdict) = Self.missing(b.presence(of: capability.id, instance: instance))
        add(name, "", capability.offset, "present", text, verdict)
        continue
      }
      compare(name, capability, others[instance])
    }
    for capability in b.capabilities {
      let instance = counts[capability.id, default: 0]
      guard instance < b.all(capability.id).count else { continue }
      counts[capability.id] = instance + 1
      let name = "\(capability.id)" + (instance == 0 ? "" : "[\(instance)]")
      let (text, verdict) = Self.missing(a.presence(of: capability.id, instance: instance))
      add(
        name, "", nil, text, "present at 0x\(hex(b.all(capability.id)[instance].offset))", verdict)
    }
  }

  /// How a space has a capability that its list does not show.
  private static func missing(
    _ presence: CapabilityList.Presence
  ) -> (String, ConfigSpaceDifference.Verdict) {
    guard case .unknown(let reason) = presence else { return ("absent", .different) }
    return (reason.isGap ? "not in this dump" : "not seen", .unknown)
  }

  /// What is wrong in either space's lists, and what a dump lacks of them.
  private mutating func compareFindings(_ a: CapabilityList, _ b: CapabilityList) {
    for (finding, isFirst) in a.findings.map({ ($0, true) }) + b.findings.map({ ($0, false) }) {
      let other = isFirst ? b : a
      let isShared = other.findings.contains(finding)
      if isShared, !isFirst { continue }
      let here = finding.message
      let there = isShared ? here : "nothing of the kind"
      add(
        "space", "capability list", finding.offset, isFirst ? here : there, isFirst ? there : here,
        finding.isGap ? .unknown : .finding)
    }
    let missing = first.unknownRanges.flatMap { range in
      second.unknownRanges.filter { $0.overlaps(range) }.map { $0.clamped(to: range) }
    }
    if let range = missing.first {
      let count = missing.map(\.count).reduce(0, +)
      let text = "\(count) bytes not in this dump"
      add("space", "bytes", range.lowerBound, text, text, .unknown)
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
      add(
        name, "version", a.offset, text(a.version), text(b.version),
        a.version != nil && b.version != nil ? .different : .unknown)
    }
    if a.length != b.length {
      let areKnown = isLengthKnown(a, in: first) && isLengthKnown(b, in: second)
      add(
        name, "length", a.offset, "\(a.length)", "\(b.length)", areKnown ? .different : .unknown)
    }
    let header = a.isExtended ? 4 : 2
    compare(
      name, first.registers(of: a), a.offset, second.registers(of: b), b.offset,
      header..<max(header, min(a.length, b.length)))
  }

  /// Whether a length is that of the structure, not of what a dump holds of it.
  private func isLengthKnown(_ capability: Capability, in space: ConfigSpace) -> Bool {
    let isCut = !space.isWhole && capability.range.upperBound == space.byteCount
    return !isCut && space.isKnown(capability.range)
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
          y.map { hex($0, digits: 2) } ?? "unknown",
          x != nil && y != nil ? .different : .unknown)
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
    var run: (start: Int, verdict: ConfigSpaceDifference.Verdict)?
    for byte in 64...end {
      var verdict: ConfigSpaceDifference.Verdict?
      if byte < end, !(areKnown && first.bytes[byte] == second.bytes[byte]) {
        let (x, y) = (first.u8(at: byte), second.u8(at: byte))
        if x != y, !owned.contains(where: { $0.contains(byte) }) {
          verdict = x != nil && y != nil ? .different : .unknown
        }
      }
      guard verdict != run?.verdict else { continue }
      if let run {
        add(
          "space", "bytes of no capability", run.start, text(first, run.start..<byte),
          text(second, run.start..<byte), run.verdict)
      }
      run = verdict.map { (byte, $0) }
    }
  }

  private func text(_ space: ConfigSpace, _ range: Range<Int>) -> String {
    let bytes = range.prefix(16).map { space.u8(at: $0).map { hex($0, digits: 2) } ?? "??" }
    return bytes.joined(separator: " ") + (range.count > 16 ? " …" : "")
  }
}
