import ByteIO
import PCIConfig

extension ConfigSpaceReport {
  /// In the manner of `lspci -vvv`: a head, the header's registers, each capability with its
  /// fields; then what is wrong, and the map.
  public var text: String {
    var lines = [head]
    if !device.title.isEmpty { lines.append("\tDump says: \(TerminalText.text(device.title))") }
    if let words = device.words { lines.append("\tDump read as \(words)") }
    lines += headerLines
    for capability in list.capabilities { lines += self.lines(of: capability) }
    if !list.findings.isEmpty {
      lines.append("\tFindings:")
      lines += list.findings.map { "\t\t\($0)" }
      if let command { lines.append("\t\t`\(command)` as root gives the whole space") }
    }
    lines.append("\tMap of \(space.byteCount) bytes:")
    lines += map.entries.map { "\t\t" + line(of: $0) }
    return lines.joined(separator: "\n")
  }

  /// Slot, class, ids, revision.
  private var head: String {
    let slot = device.address.map { "\($0) " } ?? ""
    let ids = (space.u16(at: 0x00), space.u16(at: 0x02))
    let revision = space.u8(at: 0x08).map { hex($0, digits: 2) } ?? "??"
    let name =
      space.isKnown(0x09..<0x0c)
      ? "\(ClassCode.name(space.classCode)) [\(hex(space.classCode, digits: 6))]"
      : "Class not in the dump"
    let texts = [ids.0, ids.1].map { $0.map { hex($0, digits: 4) } ?? "????" }
    let names = [vendorName, deviceName].compactMap(\.self).map(TerminalText.text)
    let pair = "\(texts[0]):\(texts[1])"
    let what = names.isEmpty ? pair : names.joined(separator: " ") + " [\(pair)]"
    return "\(slot)\(name): \(what) (rev \(revision))"
  }

  private var headerLines: [String] {
    guard !space.isAllOnes else { return [] }
    var lines: [String] = []
    if let (vendor, device) = space.subsystem, vendor != 0 || device != 0 {
      let ids = idPair(vendor, device)
      let text = subsystemName.map { "\(TerminalText.text($0)) [\(ids)]" } ?? ids
      lines.append("\tSubsystem: \(text)")
    }
    let registers = space.headerRegisters
    for name in ["Control", "Status"] {
      if let register = registers.first(where: { $0.name == name }) {
        lines += RegisterText.lines(of: register, indent: "\t")
      }
    }
    if let pin = space.u8(at: 0x3d), pin != 0 {
      let letter = pin <= 4 ? ["A", "B", "C", "D"][Int(pin) - 1] : "\(pin)"
      lines.append("\tInterrupt: pin \(letter), line \(space.u8(at: 0x3c) ?? 0)")
    }
    lines += space.baseAddresses.map(Self.line)
    if space.headerType == 1 {
      lines.append(
        "\tBus: primary=\(number(0x18)), secondary=\(number(0x19)), subordinate=\(number(0x1a))")
      if let register = registers.first(where: { $0.name == "BridgeCtl" }) {
        lines += RegisterText.lines(of: register, indent: "\t")
      }
    }
    return lines
  }

  private func number(_ offset: Int) -> String {
    space.u8(at: offset).map { hex($0, digits: 2) } ?? "??"
  }

  private static func line(of base: BaseAddress) -> String {
    switch base.kind {
    case .io: "\tBAR \(base.index): I/O ports at \(hex(base.address, digits: 4))"
    case .mem32, .mem64, .mem1M:
      "\tBAR \(base.index): memory at \(hex(base.address, digits: 8)) "
        + "(\(base.kind == .mem64 ? "64-bit" : base.kind == .mem32 ? "32-bit" : "below 1 MiB"), "
        + "\(base.isPrefetchable ? "" : "non-")prefetchable)"
    }
  }

  private func lines(of capability: Capability) -> [String] {
    var head = "\tCapabilities: [\(hex(capability.offset, digits: capability.isExtended ? 3 : 2))"
    if capability.isExtended, let version = capability.version { head += " v\(version)" }
    head += "] \(capability.id)"
    if capability.id == .pciExpress, let version = capability.version { head += " (v\(version))" }
    if capability.id == .powerManagement, let version = capability.version {
      head += " version \(version)"
    }
    if let detail = space.detail(of: capability) { head += ": \(detail)" }
    let registers = space.registers(of: capability)
    guard !registers.isEmpty else { return [head] + dataLines(capability) }
    return [head] + RegisterText.lines(of: registers)
  }

  /// The bytes of a capability that no table describes, behind its header.
  private func dataLines(_ capability: Capability) -> [String] {
    let start = capability.offset &+ (capability.isExtended ? 4 : 2)
    guard start < capability.range.upperBound else { return [] }
    let bytes = digits(start..<capability.range.upperBound)
    guard bytes.contains(where: { $0 != "??" }) else { return ["\t\tnot in the dump"] }
    return RegisterText.wrap("Data:", bytes, indent: "\t\t")
  }

  private func line(of entry: ConfigSpaceMap.Entry) -> String {
    let last = entry.range.upperBound - 1
    let range = "\(hex(entry.range.lowerBound, digits: 3))-\(hex(last, digits: 3))"
    switch entry.owner {
    case .header: return "\(range) header"
    case .capability(let capability):
      let digits = capability.isExtended ? 3 : 2
      return "\(range) [\(hex(capability.offset, digits: digits))] \(capability.id)"
    case .zero: return "\(range) zero"
    case .unknown: return "\(range) not in the dump"
    case .hidden:
      let shown = entry.range.prefix(16)
      let bytes = shown.map { hex(space.bytes[$0], digits: 2) }.joined(separator: " ")
      return "\(range) hidden: \(bytes)\(shown.count < entry.range.count ? " ..." : "")"
    }
  }
}
