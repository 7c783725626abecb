import ByteIO

/// A laid-out profile for people: every byte range, what a guest may do with it, and who says so.
public struct ProfileExplanation: Sendable {
  /// Some bits of a register.
  public struct Bits: Sendable, Hashable {
    /// The bits within their register.
    public let bits: UInt32
    /// The name of the bits.
    public let name: String
    /// The effect of a guest's reads and writes.
    public let access: BitAccess
    /// The value of the bits after a reset, in their place.
    public let reset: UInt32
    /// The register of the device behind the bits, if there is one.
    public let counterpart: String?
    /// The least value that a device must have, if it is asked for.
    public let required: UInt32?
    /// The place where the rule can be looked up.
    public let source: String
  }

  /// A register, or a range of bytes that nothing has.
  public struct Entry: Sendable, Hashable {
    /// The place of the register in the space.
    public let offset: Int
    /// The width of the register in bytes.
    public let length: Int
    /// The capability, `header` or `free`.
    public let owner: String
    /// The register's name.
    public let name: String
    /// The value of the whole register after a reset.
    public let reset: UInt32
    /// The register's bits by the rule that holds for them.
    public let bits: [Bits]
  }

  /// In ascending order; they cover every byte once.
  public let entries: [Entry]

  /// Explains every register of a profile that is laid out.
  public init(_ layout: ProfileLayout) {
    var entries: [Entry] = []
    var next = 0
    func fill(to end: Int) {
      guard next < end else { return }
      let owner = layout.capabilities.first { $0.range.contains(next) }
      // Reserved bytes within a capability end with it.
      let stop = min(end, owner?.range.upperBound ?? end)
      entries.append(
        Entry(
          offset: next, length: stop - next, owner: owner?.label ?? (next < 64 ? "header" : "free"),
          name: "reserved", reset: 0, bits: []))
      next = stop
      if next < end { fill(to: end) }
    }
    for register in layout.registers where register.offset < layout.byteCount {
      fill(to: register.offset)
      entries.append(Self.entry(register, layout))
      next = register.range.upperBound
    }
    fill(to: layout.byteCount)
    self.entries = entries
  }

  private static func entry(_ register: PlacedRegister, _ layout: ProfileLayout) -> Entry {
    var rest = register.mask
    var bits = register.parts.map { part in
      rest &= ~part.bits
      return Bits(
        bits: part.bits, name: part.name, access: part.access, reset: register.reset & part.bits,
        counterpart: part.access.needsDevice ? part.counterpart?.description : nil,
        required: part.required, source: part.source.description)
    }
    if rest != 0 {
      bits.append(
        Bits(
          bits: rest, name: bits.isEmpty ? register.name : "other bits", access: .constant,
          reset: register.reset & rest, counterpart: nil, required: nil,
          source: register.source.description))
    }
    return Entry(
      offset: register.offset, length: register.byteCount, owner: layout.label(register.owner),
      name: register.name, reset: register.reset, bits: bits)
  }

  /// The entries as lines: a range, its owner and register, and below each group of bits with its
  /// source.
  public var text: String {
    var lines: [String] = []
    var owner = ""
    for entry in entries {
      if entry.owner != owner {
        owner = entry.owner
        lines.append("\(owner)")
      }
      let last = entry.offset + entry.length - 1
      let range = "0x\(hex(entry.offset, digits: 3))..0x\(hex(last, digits: 3))"
      guard !entry.bits.isEmpty else {
        lines.append("  \(range)  \(entry.name): zeros, constant")
        continue
      }
      let value = "0x\(hex(entry.reset, digits: entry.length * 2))"
      lines.append("  \(range)  \(entry.name) = \(value)")
      for bits in entry.bits { lines.append("      \(Self.text(bits, entry))") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ bits: Bits, _ entry: Entry) -> String {
    var text = "0x\(hex(bits.bits, digits: entry.length * 2))  \(words(bits.access))"
    if let counterpart = bits.counterpart { text += " (\(counterpart))" }
    if let required = bits.required { text += ", required 0x\(hex(required))" }
    return text + ": \(bits.name)  [\(bits.source)]"
  }

  private static func words(_ access: BitAccess) -> String {
    switch access {
    case .constant: "constant"
    case .emulated: "emulated"
    case .forwarded: "emulated, writes also to the device"
    case .clearable: "emulated, cleared by 1"
    case .trigger: "request to the VMM"
    case .device: "the device's"
    case .deviceReadOnly: "the device's, read-only"
    case .deviceClearable: "the device's, cleared by 1"
    }
  }
}
