/// A laid-out profile for people: every byte range, what a guest may do with it, and who says so.
public struct ProfileExplanation: Sendable {
  /// Some bits of a register.
  public struct Bits: Sendable, Hashable {
    public let bits: UInt32
    public let name: String
    public let access: BitAccess
    public let reset: UInt32
    public let counterpart: String?
    public let required: UInt32?
    public let source: String
  }

  /// A register, or a range of bytes that nothing has.
  public struct Entry: Sendable, Hashable {
    public let offset: Int
    public let length: Int
    /// The capability, `header` or `free`.
    public let owner: String
    public let name: String
    public let reset: UInt32
    public let bits: [Bits]
  }

  /// In ascending order; they cover every byte once.
  public let entries: [Entry]

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
}
