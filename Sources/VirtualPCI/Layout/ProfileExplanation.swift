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
}
